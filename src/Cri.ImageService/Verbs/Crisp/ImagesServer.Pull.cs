using Cri.Api.CrispV1;
using Cri.Api.V1;
using Cri.ImageService.Auth;
using Grpc.Core;

namespace Cri.ImageService;

/// <summary>Pull and Pulls.</summary>
public sealed partial class ImagesServer
{
    /// <summary>Pulls an image, or joins who pulls it already, and tells how far it is until it is here.</summary>
    public override async Task Pull(PullRequest request, IServerStreamWriter<PullEvent> responseStream, ServerCallContext context)
    {
        var pull = _puller.PullAsync(request.Image, CredentialsOf(request.Credentials), context.CancellationToken);
        var record = await WatchAsync(pull, () => _puller.ProgressOf(request.Image) is { } progress
            ? responseStream.WriteAsync(new PullEvent { Progress = ProgressMessage.From(progress) }, context.CancellationToken)
            : Task.CompletedTask);
        await responseStream.WriteAsync(new PullEvent { ImageId = record.Id }, context.CancellationToken);
    }

    /// <summary>The pulls and imports that run now, those first that began first.</summary>
    public override Task<PullsResponse> Pulls(PullsRequest request, ServerCallContext context)
    {
        var response = new PullsResponse();
        response.Pulls.AddRange(_puller.Running.OrderBy(pull => pull.StartedAt).Select(ProgressMessage.From));
        return Task.FromResult(response);
    }

    private static RegistryCredentials? CredentialsOf(Credentials? credentials) => credentials is null ? null : RegistryCredentials.From(new AuthConfig
    {
        Username = credentials.Username,
        Password = credentials.Password,
        Auth = credentials.Auth,
        IdentityToken = credentials.IdentityToken,
        RegistryToken = credentials.RegistryToken,
    });
}
