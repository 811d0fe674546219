using Cri.Api.CrispV1;
using Google.Protobuf;
using Grpc.Core;

namespace Cri.Cli.Tests;

/// <summary>Crisp's own image service in memory: one image, and an archive that is what was imported.</summary>
internal sealed class FakeCrispImages : Images.ImagesBase
{
    public const string Id = "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

    public List<IMessage> Requests { get; } = [];

    public MemoryStream Received { get; } = new();

    /// <summary>Awaited by a pull after it has told of its progress.</summary>
    public Task PullHeld { get; set; } = Task.CompletedTask;

    public override async Task Pull(PullRequest request, IServerStreamWriter<PullEvent> responseStream, ServerCallContext context)
    {
        Requests.Add(request);
        if (request.Image == "missing")
        {
            throw new RpcException(new Status(StatusCode.NotFound, "pull docker.io/library/missing:latest: manifest unknown"));
        }

        await responseStream.WriteAsync(new PullEvent { Progress = Progress(request.Image) });
        await PullHeld.WaitAsync(context.CancellationToken);
        await responseStream.WriteAsync(new PullEvent { ImageId = Id });
    }

    public override Task<PullsResponse> Pulls(PullsRequest request, ServerCallContext context) =>
        Task.FromResult(new PullsResponse { Pulls = { Progress("docker.io/library/app:1") } });

    public override async Task Import(
        IAsyncStreamReader<ImportRequest> requestStream, IServerStreamWriter<ImportEvent> responseStream, ServerCallContext context)
    {
        await foreach (var request in requestStream.ReadAllAsync(context.CancellationToken))
        {
            if (request.Options is { } options)
            {
                Requests.Add(options);
                continue;
            }

            request.Chunk.WriteTo(Received);
            await responseStream.WriteAsync(new ImportEvent { Received = (ulong)Received.Length });
            if (request.Chunk.ToStringUtf8() == "refuse")
            {
                throw new RpcException(new Status(StatusCode.FailedPrecondition, "import: the archive: neither this nor that"));
            }
        }

        await responseStream.WriteAsync(new ImportEvent { Progress = Progress("app") });
        await responseStream.WriteAsync(new ImportEvent { Image = new ImportedImage { ImageId = Id, Names = { "example.com/app:1" } } });
    }

    public override async Task Export(ExportRequest request, IServerStreamWriter<ExportEvent> responseStream, ServerCallContext context)
    {
        Requests.Add(request);
        if (request.Path.Length == 0)
        {
            await responseStream.WriteAsync(new ExportEvent { Chunk = ByteString.CopyFromUtf8("arch") });
            if (request.Images[0] == "broken")
            {
                throw new RpcException(new Status(StatusCode.FailedPrecondition, "export: layer x is damaged"));
            }

            await responseStream.WriteAsync(new ExportEvent { Chunk = ByteString.CopyFromUtf8("ive") });
        }

        await responseStream.WriteAsync(new ExportEvent { Image = new ExportedImage { ImageId = Id, ManifestDigest = "sha256:cc", Unchanged = true } });
    }

    public override Task<TagResponse> Tag(TagRequest request, ServerCallContext context)
    {
        Requests.Add(request);
        return Task.FromResult(new TagResponse { ImageId = Id, Name = $"docker.io/library/{request.Name}" });
    }

    public override Task<UntagResponse> Untag(UntagRequest request, ServerCallContext context)
    {
        Requests.Add(request);
        return Task.FromResult(new UntagResponse { ImageIds = { Id } });
    }

    public override Task<InspectResponse> Inspect(InspectRequest request, ServerCallContext context) => Task.FromResult(new InspectResponse
    {
        ImageId = Id,
        Tags = { "example.com/app:1" },
        Config = ByteString.CopyFromUtf8("""{"os":"linux"}"""),
        Layers = { new ImageLayer { Digest = "sha256:dd", DiffId = "sha256:ee", Size = 5, Kept = true } },
        History =
        {
            new HistoryStep { CreatedBy = "/bin/sh -c   #(nop) ADD file", DiffId = "sha256:eeeeeeeeeeeeeeeeee", DiskSize = 1_200_000 },
            new HistoryStep { CreatedBy = "CMD " + new string('x', 100), EmptyLayer = true },
        },
    });

    public override async Task Verify(VerifyRequest request, IServerStreamWriter<VerifyEvent> responseStream, ServerCallContext context)
    {
        await responseStream.WriteAsync(new VerifyEvent { Progress = new VerifyProgress { Subject = "x", BytesDone = 1, BytesTotal = 2 } });
        if (request.Images.Contains("damaged"))
        {
            var damage = new Damage { ImageIds = { Id }, Digest = "sha256:ff", Problem = "\"bin/sh\": is missing", MarkedForRepair = true };
            await responseStream.WriteAsync(new VerifyEvent { Damage = damage });
        }

        await responseStream.WriteAsync(new VerifyEvent { Summary = new VerifySummary { Images = 1, Layers = 2, Bytes = 3_000_000 } });
    }

    public override Task<PruneResponse> Prune(PruneRequest request, ServerCallContext context)
    {
        Requests.Add(request);
        var pruned = new PrunedImage { ImageId = Id, Names = { "app:1", "app@sha256:aa" }, Bytes = 5_000_000 };
        return Task.FromResult(new PruneResponse { Bytes = 5_000_000, Images = { pruned } });
    }

    public override Task<DiskUsageResponse> DiskUsage(DiskUsageRequest request, ServerCallContext context) => Task.FromResult(new DiskUsageResponse
    {
        Kinds = { new UsageOfKind { Kind = "layers", Count = 3, Active = 1, Bytes = 9_000_000, Inodes = 12, Reclaimable = 4_000_000 } },
        Images = { new UsageOfImage { ImageId = Id, Names = { "app:1" }, Bytes = 9_000_000, UniqueBytes = 4_000_000, Containers = 2, Pinned = true } },
        FileSystem = new FileSystemSpace { Path = "/var/lib/crisp", Bytes = 100_000_000, BytesFree = 50_000_000, Inodes = 10, InodesFree = 5 },
    });

    private static PullProgress Progress(string reference) => new()
    {
        Reference = reference,
        StartedAt = 1,
        Layers =
        {
            new LayerProgress { Digest = "sha256:1111111111111111", Size = 10_000_000, Done = 5_000_000, State = LayerState.LayerDownloading },
            new LayerProgress { Digest = "sha256:2222222222222222", Size = 1_000_000, Done = 1_000_000, State = LayerState.LayerPresent },
        },
    };
}
