using System.Collections.Concurrent;
using Cri.Testing.Pods;
using Grpc.Core;
using Xunit;

namespace Cri.Conformance;

/// <summary>
/// A class of tests over one CRI endpoint that all classes share. A test's pods go when the test ends.
/// </summary>
public abstract class ConformanceTest : IAsyncLifetime
{
    private static readonly Lazy<Task<CriEndpoint>> _endpoint = new(() => CriEndpoint.StartAsync());
    private readonly ConcurrentBag<TestPod> _pods = [];

    /// <summary>The endpoint under test.</summary>
    protected CriEndpoint Cri { get; private set; } = null!;

    /// <summary>The endpoint that all tests share, for a fixture.</summary>
    internal static Task<CriEndpoint> SharedEndpointAsync() => _endpoint.Value;

    /// <summary>Ends the shared endpoint if there is one.</summary>
    internal static async Task DisposeEndpointAsync()
    {
        if (_endpoint is { IsValueCreated: true, Value.IsCompletedSuccessfully: true })
        {
            await (await _endpoint.Value).DisposeAsync();
        }
    }

    /// <inheritdoc/>
    public async Task InitializeAsync() => Cri = await _endpoint.Value;

    /// <inheritdoc/>
    public async Task DisposeAsync()
    {
        foreach (var pod in _pods)
        {
            await pod.DisposeAsync();
        }
    }

    /// <summary>Runs a pod for this test.</summary>
    protected async Task<TestPod> RunPodAsync(Action<Api.V1.PodSandboxConfig>? change = null)
    {
        var pod = await TestPod.RunAsync(Cri, change);
        _pods.Add(pod);
        return pod;
    }

    /// <summary>Asserts that a call fails with this code and, for crispd, that its message names <paramref name="named"/>.</summary>
    protected async Task<RpcException> FailsAsync(StatusCode code, string named, Func<Task> call)
    {
        var error = await Assert.ThrowsAsync<RpcException>(call);
        Assert.True(error.StatusCode == code, $"expected {code}, got {error.StatusCode}: {error.Status.Detail}");
        if (Cri.Crispd is not null)
        {
            Assert.Contains(named, error.Status.Detail, StringComparison.Ordinal);
        }

        return error;
    }
}

/// <summary>A pod that the tests of one class share.</summary>
public sealed class PodFixture : IAsyncLifetime
{
    /// <summary>The pod.</summary>
    public TestPod Pod { get; private set; } = null!;

    /// <inheritdoc/>
    public async Task InitializeAsync() => Pod = await TestPod.RunAsync(await ConformanceTest.SharedEndpointAsync());

    /// <inheritdoc/>
    public async Task DisposeAsync() => await Pod.DisposeAsync();
}

/// <summary>A test of what the CRI leaves open and crispd promises; skipped when CRI_ENDPOINT names another runtime.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class CrispdFactAttribute : FactAttribute
{
    /// <summary>Skips the test for another runtime.</summary>
    public CrispdFactAttribute()
    {
        if (!string.IsNullOrEmpty(Environment.GetEnvironmentVariable("CRI_ENDPOINT")))
        {
            Skip = "a promise of crispd, and CRI_ENDPOINT names a runtime that may be another";
        }
    }
}
