namespace MlSystem.LoadTest;

/// <summary>
/// Requests a second and p99 of one-row inference over HTTP and gRPC, direct and through the gateway, as a ratio to a
/// server that only parses and answers the same bodies, in the same run.
/// </summary>
internal static class ServingLoad
{
    public static async Task<int> RunAsync(LoadOptions options)
    {
        LoadTools.Require();
        await using var system = new SystemUnderLoad();
        await system.StartAsync();
        var http = await Bodies.WriteAsync("http.json", Bodies.HttpRow());
        var key = await Bodies.WriteAsync("key.json", Bodies.HttpKey());
        var grpc = await Bodies.WriteAsync("grpc.bin", Bodies.GrpcRow());
        await Bodies.CheckAnswersAsync();

        Target[] targets =
        [
            new("HTTP", "baseline: parse and answer", () => LoadTools.HttpAsync(Infer(SystemUnderLoad.BaselineHttp), http, options.Seconds)),
            new("HTTP", "inference, direct", () => LoadTools.HttpAsync(Infer(SystemUnderLoad.InferenceHttp), http, options.Seconds)),
            new("HTTP", "through the gateway", () => LoadTools.HttpAsync(Infer(SystemUnderLoad.GatewayHttp), http, options.Seconds)),
            new("HTTP", "direct, features looked up", () => LoadTools.HttpAsync(Infer(SystemUnderLoad.InferenceHttp), key, options.Seconds)),
            new("gRPC", "baseline: parse and answer", () => LoadTools.GrpcAsync(SystemUnderLoad.BaselineGrpc, grpc, options.Seconds)),
            new("gRPC", "inference, direct", () => LoadTools.GrpcAsync(SystemUnderLoad.InferenceGrpc, grpc, options.Seconds)),
            new("gRPC", "through the gateway", () => LoadTools.GrpcAsync(SystemUnderLoad.GatewayGrpc, grpc, options.Seconds)),
        ];

        foreach (var target in targets)
        {
            await target.Load(); // Warm-up: tiered compilation, connection pools, caches.
        }

        for (var round = 1; round <= options.Rounds; round++)
        {
            foreach (var target in targets)
            {
                target.Results.Add(await target.Load());
                Console.WriteLine($"round {round}  {target.Protocol} {target.Name}: {target.Results[^1].RequestsPerSecond:N0} requests/s, p99 {target.Results[^1].P99Milliseconds:N2} ms");
            }
        }

        var report = ServingReport.Write(targets, options);
        Console.WriteLine(report);
        if (options.Report is not null)
        {
            await File.WriteAllTextAsync(options.Report, report);
        }

        return 0;
    }

    private static Uri Infer(Uri server) => new(server, "/v2/models/churn/infer");
}

/// <summary>One thing that is loaded, and what each round gave.</summary>
internal sealed record Target(string Protocol, string Name, Func<Task<LoadResult>> Load)
{
    public List<LoadResult> Results { get; } = [];
}
