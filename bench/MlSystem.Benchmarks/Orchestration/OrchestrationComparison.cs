using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using MlSystem.Benchmarks.Registry;
using MlSystem.Training.Executors;
using MlSystem.Training.Pipelines;
using MlSystem.Training.Steps;

namespace MlSystem.Benchmarks.Orchestration;

/// <summary>
/// What a run costs beside its steps: the queue, leases, records, hashes, events and logs. The same steps are called directly, one after the other, in turn
/// with runs of the service; both against one registry, training on embedded stores.
/// </summary>
internal static class OrchestrationComparison
{
    private const int Rows = 400;
    private const string Pipeline = "bench";

    /// <param name="args"><c>[rounds] [report file]</c>; default 15 rounds, printed only.</param>
    public static async Task<int> RunAsync(string[] args)
    {
        var rounds = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 15;
        await using var registry = await BenchRegistry.StartAsync();
        await using var training = await BenchTraining.StartAsync(registry.Http.BaseAddress);
        (await training.Http.PutAsJsonAsync($"/api/pipelines/{Pipeline}", Definition())).EnsureSuccessStatusCode();
        var definition = await training.Services.GetRequiredService<PipelineStore>().RequireAsync(Pipeline, 1, CancellationToken.None);
        List<Dictionary<string, double>> bare = [], run = [];
        for (var round = -1; round < rounds; round++)
        {
            var (direct, orchestrated) = (await BareAsync(training, definition, round), await RunAsync(training));
            if (round >= 0)
            {
                bare.Add(direct);
                run.Add(orchestrated);
            }
        }

        var report = Report(bare, run, rounds);
        Console.Write(report);
        if (args.Length > 1)
        {
            await File.WriteAllTextAsync(args[1], report);
        }

        return 0;
    }

    /// <returns>Milliseconds of each step, called directly.</returns>
    private static async Task<Dictionary<string, double>> BareAsync(BenchTraining training, PipelineDefinition definition, int round)
    {
        var row = new StepRun(string.Create(CultureInfo.InvariantCulture, $"bare-{round}"), Pipeline, 1, Sample: null, "manual", "bench", TimeProvider.System.GetUtcNow()).ToRow();
        var steps = training.Services.GetRequiredService<StepPlan>().For(row, definition);
        var folder = new RunFolder(Path.Combine(training.Folder, "bare", row.Id), [.. steps.Select(s => s.Name)]);
        Dictionary<string, double> times = [];
        foreach (var step in steps)
        {
            var output = Directory.CreateDirectory(folder.Of(step.Name)).FullName;
            var start = Stopwatch.GetTimestamp();
            await step.RunAsync(new StepContext(row, definition, folder, output, new Progress<double>()), CancellationToken.None);
            times[step.Name] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        }

        return times;
    }

    /// <returns>Milliseconds from each step's beginning to the next one's, the first from when the run was asked for, the last to the run's end.</returns>
    private static async Task<Dictionary<string, double>> RunAsync(BenchTraining training)
    {
        using var answer = await training.Http.PostAsync(new Uri($"/api/pipelines/{Pipeline}/runs", UriKind.Relative), content: null);
        var id = (string)(await answer.Content.ReadFromJsonAsync<JsonNode>())!["run_id"]!;
        await training.Http.GetStringAsync(new Uri($"/api/runs/{id}/events", UriKind.Relative));
        var run = (await training.Http.GetFromJsonAsync<JsonNode>($"/api/runs/{id}"))!;
        if ((string?)run["state"] != "succeeded")
        {
            throw new InvalidOperationException(run.ToString());
        }

        var steps = run["steps"]!.AsArray();
        List<DateTimeOffset> marks = [Time(run, "created_at"), .. steps.Skip(1).Select(s => Time(s!, "started_at")), Time(run, "finished_at")];
        return steps.Select((s, i) => ((string)s!["name"]!, (marks[i + 1] - marks[i]).TotalMilliseconds)).ToDictionary();
    }

    private static string Report(List<Dictionary<string, double>> bare, List<Dictionary<string, double>> run, int rounds)
    {
        var steps = bare[0].Keys.Select(name => (Name: name, Bare: Median(bare.Select(b => b[name])), Run: Median(run.Select(r => r[name])))).ToList();
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"""
            # Overhead of orchestration

            A pipeline of {Rows} rows; {rounds} rounds in which its steps are called directly and then carried out as a run of the service (in process), {Environment.ProcessorCount} processors, .NET {Environment.Version}. Medians in milliseconds; the first step counts from when the run was asked for. Run: `dotnet run -c Release --project bench/MlSystem.Benchmarks -- orchestration`.

            | step | called directly | in a run | overhead |
            |---|---|---|---|

            """);
        foreach (var (name, direct, orchestrated) in steps)
        {
            text.Append(CultureInfo.InvariantCulture, $"| {name} | {direct:0.0} | {orchestrated:0.0} | {orchestrated - direct:0.0} |\n");
        }

        text.Append(CultureInfo.InvariantCulture, $"| **mean of a step** | {steps.Average(s => s.Bare):0.0} | {steps.Average(s => s.Run):0.0} | **{steps.Average(s => s.Run - s.Bare):0.0}** (target ≤ 200) |\n");
        return text.ToString();
    }

    private static JsonObject Definition()
    {
        var random = new Random(5);
        var x = Enumerable.Range(0, Rows).Select(_ => random.NextDouble()).ToArray();
        JsonArray Column(Func<int, string> value) => [.. Enumerable.Range(0, Rows).Select(i => (JsonNode)value(i))];
        return new JsonObject
        {
            ["source"] = new JsonObject
            {
                ["table"] = new JsonObject
                {
                    ["rows"] = new JsonObject
                    {
                        ["x"] = Column(i => x[i].ToString("0.0000", CultureInfo.InvariantCulture)),
                        ["noise"] = Column(_ => random.NextDouble().ToString("0.0000", CultureInfo.InvariantCulture)),
                        ["label"] = Column(i => x[i] + (random.NextDouble() / 2) > 0.75 ? "yes" : "no"),
                    },
                    ["label_column"] = "label",
                },
            },
            ["trainer"] = new JsonObject { ["kind"] = "linear", ["task"] = "binary_classification", ["parameters"] = new JsonObject { ["l2"] = 0.5 } },
            ["register"] = new JsonObject { ["model"] = Pipeline },
        };
    }

    private static DateTimeOffset Time(JsonNode node, string key) => DateTimeOffset.Parse((string)node[key]!, CultureInfo.InvariantCulture);

    private static double Median(IEnumerable<double> values) => values.Order().ElementAt(values.Count() / 2);
}
