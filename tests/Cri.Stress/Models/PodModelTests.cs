using Cri.Stress.Histories;
using Grpc.Core;
using Xunit;

namespace Cri.Stress.Models;

public sealed class PodModelTests
{
    private const string Pod = "0123456789abcdef";
    private const string Lost = "container c: image sha256:1 has been removed";
    private const string Absent = "image \"i\" is not on this node; pull it first";

    [Fact]
    public void NameInUse_WhileACreationLosesItsImage_IsExplained() =>
        Assert.Null(Violation(Creation("c1/a", StatusCode.NotFound, Lost, 3, 10), Creation("c1/b", StatusCode.AlreadyExists, "", 4, 5)));

    [Fact]
    public void NameInUse_AfterACreationHasLostItsImage_IsAViolation() =>
        Assert.NotNull(Violation(Creation("c1/a", StatusCode.NotFound, Lost, 3, 4), Creation("c1/b", StatusCode.AlreadyExists, "", 5, 6)));

    [Fact]
    public void NameInUse_WhileACreationIsRefusedForItsImage_IsAViolation() =>
        Assert.NotNull(Violation(Creation("c1/a", StatusCode.NotFound, Absent, 3, 10), Creation("c1/b", StatusCode.AlreadyExists, "", 4, 5)));

    [Fact]
    public void NameInUse_OfAnotherName_IsAViolation() =>
        Assert.NotNull(Violation(Creation("c2/a", StatusCode.NotFound, Lost, 3, 10), Creation("c1/b", StatusCode.AlreadyExists, "", 4, 5)));

    private static string? Violation(params Call[] calls)
    {
        var run = new Call(Verb.RunPodSandbox, "game", 1) { Argument = "a", Returned = 2, Answer = new Answer(StatusCode.OK, Pod) };
        var remove = new Call(Verb.RemovePodSandbox, Pod, 20) { Returned = 21, Answer = new Answer(StatusCode.OK, "") };
        var model = new PodModel([new PodObject(Pod, Pod, "", "a")], new HashSet<string>());
        return new LinearizabilityCheck(model).Run([run, .. calls, remove]);
    }

    private static Call Creation(string argument, StatusCode code, string text, long invoked, long returned) =>
        new(Verb.CreateContainer, Pod, invoked) { Argument = argument, Returned = returned, Answer = new Answer(code, text) };
}
