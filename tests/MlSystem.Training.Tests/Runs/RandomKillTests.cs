using System.Text.Json.Nodes;
using MlSystem.Testing;
using MlSystem.Training.Tests.Doubles;
using MlSystem.Training.Tests.Pipelines;

namespace MlSystem.Training.Tests.Runs;

public sealed class RandomKillTests
{
    private const int Runs = 4;

    [Theory]
    [InlineData(3)]
    [InlineData(11)]
    public async Task Killed_at_random_points_no_run_is_lost_and_none_registers_twice(int seed)
    {
        await using var world = await World.StartAsync();
        await Documents.PrepareAsync(world);
        var random = new Random(seed);
        List<string> ids = [];
        for (var life = 0; life < 4; life++)
        {
            await using var process = await TrainingProcess.StartAsync(world);
            if (life == 0)
            {
                var definition = Documents.Valid;
                definition["execution"] = JsonNode.Parse("""{ "concurrency": 2 }""");
                await process.Http.SendAsync(HttpMethod.Put, "/api/pipelines/small", definition.ToJsonString(), 201);
                for (var run = 0; run < Runs; run++)
                {
                    ids.Add((await process.Http.SendAsync(HttpMethod.Post, "/api/pipelines/small/runs", expected: 202)).Text("run_id"));
                }
            }

            // A point is so many calls to other services further on: that is where half-done work could double. When all is done, there is none.
            var point = world.Registry.Requests.Count + world.Features.Requests.Count + random.Next(1, 25);
            await Eventually.TrueAsync(
                async () => world.Registry.Requests.Count + world.Features.Requests.Count >= point || await AreDoneAsync(process.Http, ids), TimeSpan.FromSeconds(180), "the runs have come to the point");
            await process.KillAsync();
        }

        await using var last = await TrainingProcess.StartAsync(world);
        foreach (var id in ids)
        {
            await last.Http.WaitForStateAsync(id, "succeeded");
        }

        Assert.Equal(Runs, world.Registry.Versions.Count);
        Assert.Equal(Runs, world.Registry.Runs.Count);
        Assert.Equal(ids.Order(), world.Registry.Runs.Select(r => r.Tags.First(t => t.Key == "mlsystem.pipeline_run_id").Value).Order());
        Assert.Equal(Runs, (await last.Http.SendAsync(HttpMethod.Get, "/api/pipelines/small/runs"))["runs"]!.AsArray().Count);
    }

    private static async Task<bool> AreDoneAsync(HttpClient http, IEnumerable<string> ids)
    {
        foreach (var id in ids)
        {
            if ((await http.RunAsync(id)).Text("state") != "succeeded")
            {
                return false;
            }
        }

        return true;
    }
}
