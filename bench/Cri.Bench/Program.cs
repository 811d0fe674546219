using Cri.Bench;

// cri-bench --image REF [--pods N] [--host-network] --endpoint NAME=SOCKET [--endpoint NAME=SOCKET ...]
// Runs the pod life cycle against each endpoint in turn, round by round, and prints the medians side by side.
if (BenchOptions.Parse(args) is not { } options)
{
    Console.Error.WriteLine("usage: cri-bench --image REF [--pods N] [--host-network] --endpoint NAME=SOCKET [--endpoint NAME=SOCKET ...]");
    return 2;
}

var endpoints = options.Endpoints.Select(endpoint => new PodLifecycle(endpoint.Name, endpoint.Socket, options)).ToList();
foreach (var endpoint in endpoints)
{
    await endpoint.PrepareAsync();
}

for (var round = 0; round < options.Pods; round++)
{
    foreach (var endpoint in endpoints)
    {
        await endpoint.RunOnceAsync(round);
    }
}

Report.Print(endpoints);
return 0;
