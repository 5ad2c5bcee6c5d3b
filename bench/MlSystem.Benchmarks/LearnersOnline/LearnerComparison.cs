using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using MlSystem.Contracts;
using MlSystem.ServiceDefaults.EventLog;
using MlSystem.Testing;
using MlSystem.Training.Learners;
using MlSystem.Training.Learners.Definitions;
using MlSystem.Training.Learners.Features;

namespace MlSystem.Benchmarks.LearnersOnline;

/// <summary>FTRL on rows of 20 numbers: in process on one core, and from the embedded event log through parsing, learning and checkpoints.</summary>
internal static class LearnerComparison
{
    private const int Columns = 20;

    /// <param name="args"><c>[rounds] [rows in process] [rows from the log] [report file]</c>; default 5 rounds of 1,000,000 and 200,000, printed only.</param>
    public static async Task<int> RunAsync(string[] args)
    {
        var rounds = Number(args, 0, 5);
        var (inProcess, fromLog) = (Number(args, 1, 1_000_000), Number(args, 2, 200_000));
        InProcess(inProcess / 10);
        Plain(inProcess / 10);
        List<(double Plain, double InProcess, double FromLog)> results = [];
        for (var i = 0; i < rounds; i++)
        {
            results.Add((Plain(inProcess), InProcess(inProcess), await FromLogAsync(fromLog)));
        }

        var report = string.Create(CultureInfo.InvariantCulture, $"""
            # Online learning

            FTRL-Proximal on rows of {Columns} numbers with running standardisation, prequential metrics and ADWIN; {rounds} rounds of {inProcess:N0} rows in process (one thread) and {fromLog:N0} rows from the embedded event log (read, parse JSON, learn, store weights and offsets), {Environment.ProcessorCount} processors, .NET {Environment.Version}. Medians. Run: `dotnet run -c Release --project bench/MlSystem.Benchmarks -- online`.

            | | events/s | of the baseline | target |
            |---|---|---|---|
            | baseline: FTRL by hand, no standardisation, metrics or detector | {Median(results.Select(r => r.Plain)):N0} | | |
            | in process | {Median(results.Select(r => r.InProcess)):N0} | {Median(results.Select(r => r.InProcess / r.Plain)):0.00} | ≥ 300,000 events/s |
            | from the event log | {Median(results.Select(r => r.FromLog)):N0} | {Median(results.Select(r => r.FromLog / r.Plain)):0.000} | ≥ 30,000 events/s |

            """);
        Console.Write(report);
        if (args.Length > 3)
        {
            await File.WriteAllTextAsync(args[3], report);
        }

        return 0;
    }

    private static double InProcess(int count)
    {
        var learner = new OnlineLearner(new LearnerDefinition
        {
            Name = "bench",
            Kind = LearnerKind.Ftrl,
            Task = ModelTask.BinaryClassification,
            Source = new LearnerSource(),
            Features = new LearnerFeatures { Numeric = [.. Enumerable.Range(0, Columns).Select(i => new LearnerNumber($"x{i}", "FP64"))] },
            Label = new LearnerLabel { Classes = ["0", "1"] },
        });
        var random = new Random(1);
        var rows = Enumerable.Range(0, 1000).Select(_ => Row(learner, random)).ToArray();
        var start = Stopwatch.GetTimestamp();
        for (var i = 0; i < count; i++)
        {
            learner.Take(rows[i % rows.Length]);
        }

        return count / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private static double Plain(int count)
    {
        var (learner, random) = (new PlainFtrl(Columns), new Random(1));
        var rows = Enumerable.Range(0, 1000).Select(_ => Enumerable.Range(0, Columns).Select(_ => random.NextDouble()).ToArray()).ToArray();
        var (start, sum) = (Stopwatch.GetTimestamp(), 0.0);
        for (var i = 0; i < count; i++)
        {
            var row = rows[i % rows.Length];
            sum += learner.Take(row, row[0] + row[1] > 1 ? 1 : 0);
        }

        return double.IsFinite(sum) ? count / Stopwatch.GetElapsedTime(start).TotalSeconds : throw new InvalidOperationException("The baseline diverged.");
    }

    private static LearnerRow Row(OnlineLearner learner, Random random)
    {
        var row = learner.NewRow();
        for (var i = 0; i < Columns; i++)
        {
            row.Numbers[i] = random.NextDouble();
        }

        row.Label = row.Numbers[0] + row.Numbers[1] > 1 ? 1 : 0;
        return row;
    }

    private static async Task<double> FromLogAsync(int count)
    {
        await using var training = await BenchTraining.StartAsync(registry: null, ("Training:Learners:PollInterval", "00:00:00.05"));
        await AppendAsync(training.Services.GetRequiredService<IEventLog>(), count);
        var definition = new JsonObject
        {
            ["kind"] = LearnerKind.Ftrl,
            ["features"] = new JsonObject { ["numeric"] = new JsonArray([.. Enumerable.Range(0, Columns).Select(i => (JsonNode)$"x{i}")]) },
            ["label"] = new JsonObject { ["classes"] = new JsonArray("0", "1") },
            ["checkpoint"] = new JsonObject { ["seconds"] = 0.5 },
        };
        var start = Stopwatch.GetTimestamp();
        (await training.Http.PutAsJsonAsync("/api/learners/bench", definition)).EnsureSuccessStatusCode();
        await Eventually.TrueAsync(
            async () => (long?)(await training.Http.GetFromJsonAsync<JsonNode>("/api/learners/bench"))!["progress"]?["rows"] == count, TimeSpan.FromMinutes(10), "all rows are learnt");
        return count / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private static async Task AppendAsync(IEventLog log, int count)
    {
        var random = new Random(2);
        var headers = new Dictionary<string, string>();
        foreach (var chunk in Enumerable.Range(0, count).Chunk(2000))
        {
            await log.AppendAsync("mlsystem.learners.bench", [.. chunk.Select(_ => new LogEvent("bench", Json(random), headers))], CancellationToken.None);
        }
    }

    private static byte[] Json(Random random)
    {
        var values = Enumerable.Range(0, Columns).Select(_ => random.NextDouble()).ToArray();
        var fields = values.Select((v, i) => string.Create(CultureInfo.InvariantCulture, $"\"x{i}\":{v:0.0000}"));
        return Encoding.UTF8.GetBytes($$"""{{{string.Join(',', fields)}},"label":"{{(values[0] + values[1] > 1 ? 1 : 0)}}"}""");
    }

    private static int Number(string[] args, int at, int otherwise) => args.Length > at ? int.Parse(args[at], CultureInfo.InvariantCulture) : otherwise;

    private static double Median(IEnumerable<double> values) => values.Order().ElementAt(values.Count() / 2);
}
