using System.Globalization;
using MlSystem.LoadTest.Load;
using MlSystem.LoadTest.Report;
using MlSystem.LoadTest.Servers;

namespace MlSystem.LoadTest;

/// <summary>Loads every target round by round and reports medians and ratios.</summary>
internal static class ServingLoad
{
    public static async Task<int> RunAsync(LoadOptions options)
    {
        var targets = new Targets(options).All().Where(target => options.Wants(target.Id)).ToList();
        if (options.List || targets.Count == 0)
        {
            targets.ForEach(target => Console.WriteLine(target.Id));
            return targets.Count == 0 ? 1 : 0;
        }

        LoadTools.Require();
        await using var servers = new ServersUnderLoad();
        await servers.StartAsync(fastify: targets.Exists(target => target.Name == "fastify"));
        targets.RemoveAll(target => target.Name == "fastify" && !servers.HasFastify);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"first answer of inference after {servers.FirstAnswer.TotalSeconds:F2} s; {servers.ResidentMiB:F0} MiB resident with all models warm"));
        var startMiB = servers.ResidentMiB;
        foreach (var target in targets)
        {
            await target.Load(); // Warm-up: tiered compilation, connection pools, caches.
        }

        for (var round = 1; round <= options.Rounds; round++)
        {
            foreach (var target in targets)
            {
                var cpu = servers.CpuTime(target.Name);
                var last = await target.Load();
                last = last with { CpuMicroseconds = (servers.CpuTime(target.Name) - cpu).TotalMicroseconds / Math.Max(last.Requests, 1) };
                target.Results.Add(last);
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"round {round}  {target.Id}: {last.RequestsPerSecond:N0}/s, p50 {last.P50Milliseconds:N3} ms, p99 {last.P99Milliseconds:N3} ms, cpu {last.CpuMicroseconds:N1} us"));
            }
        }

        var report = ServingReport.Write(targets, options, servers.FirstAnswer, startMiB, servers.ResidentMiB);
        Console.WriteLine(report);
        if (options.Report is not null)
        {
            await File.WriteAllTextAsync(options.Report, report);
        }

        return 0;
    }
}
