using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using Npgsql;
using NpgsqlTypes;

namespace MlSystem.Benchmarks.Registry;

/// <summary><c>log-batch</c> of 1,000 metrics from 8 clients, each with a run of its own, against the same rows by binary COPY; by turns.</summary>
internal static class LogBatches
{
    private const int Clients = 8;
    private const int Metrics = 1000;
    private const int Rounds = 3;
    private const double Target = 50;
    private static int _batches;

    public static async Task<string> RunAsync(BenchRegistry registry, double seconds)
    {
        await RateAsync(registry, 1, client => LogAsync(registry.Http, client));
        await RateAsync(registry, 1, client => CopyAsync(registry.ConnectionString, client));
        var (api, raw) = (new List<Rate>(), new List<Rate>());
        for (var round = 0; round < Rounds; round++)
        {
            api.Add(await RateAsync(registry, seconds / Rounds, client => LogAsync(registry.Http, client)));
            raw.Add(await RateAsync(registry, seconds / Rounds, client => CopyAsync(registry.ConnectionString, client)));
        }

        var (own, copy) = (Median(api), Median(raw));
        return string.Create(CultureInfo.InvariantCulture, $"""

            | | batches/s | registry CPU | PostgreSQL CPU | COPY, batches/s | PostgreSQL CPU | ratio | target |
            |---|---|---|---|---|---|---|---|
            | log-batch of {Metrics:N0} metrics, {Clients} clients | {own.BatchesPerSecond:F0} | {own.Registry:F1} | {own.Postgres:F1} | {copy.BatchesPerSecond:F0} | {copy.Postgres:F1} | {own.BatchesPerSecond / copy.BatchesPerSecond:F2} | ≥ {Target} {(own.BatchesPerSecond >= Target ? "met" : "missed")} |

            """);
    }

    private static Rate Median(List<Rate> rates) => rates.OrderBy(r => r.BatchesPerSecond).ElementAt(rates.Count / 2);

    private static async Task<Rate> RateAsync(BenchRegistry registry, double seconds, Func<int, Task> batch)
    {
        var before = registry.Cpu();
        var start = Stopwatch.GetTimestamp();
        var done = await Task.WhenAll(Enumerable.Range(0, Clients).Select(async client =>
        {
            var count = 0;
            for (; Stopwatch.GetElapsedTime(start).TotalSeconds < seconds; count++)
            {
                await batch(client);
            }

            return count;
        }));
        var rate = done.Sum() / Stopwatch.GetElapsedTime(start).TotalSeconds;
        var after = registry.Cpu();
        return new(rate, (after.Registry - before.Registry) / done.Sum(), (after.Postgres - before.Postgres) / done.Sum());
    }

    private static async Task LogAsync(HttpClient http, int client)
    {
        var first = (long)Interlocked.Increment(ref _batches) * Metrics;
        var metrics = Enumerable.Range(0, Metrics).Select(i => new { key = $"b{i % 10}", value = i * 0.001, timestamp = 1_700_000_000_000 + first + i, step = first + i });
        using var answer = await http.PostAsJsonAsync("/api/2.0/mlflow/runs/log-batch", new { run_id = RegistryData.RunId(client + 1), metrics });
        if (!answer.IsSuccessStatusCode)
        {
            throw new InvalidOperationException(await answer.Content.ReadAsStringAsync());
        }
    }

    private static async Task CopyAsync(string connectionString, int client)
    {
        var first = (long)Interlocked.Increment(ref _batches) * Metrics;
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync();
        await using var writer = await connection.BeginBinaryImportAsync("COPY metric_points (run_id, key, timestamp, step, value, is_nan) FROM STDIN (FORMAT BINARY)");
        for (var i = 0; i < Metrics; i++)
        {
            await writer.StartRowAsync();
            await writer.WriteAsync(RegistryData.RunId(client + 1));
            await writer.WriteAsync($"c{i % 10}");
            await writer.WriteAsync(1_700_000_000_000 + first + i, NpgsqlDbType.Bigint);
            await writer.WriteAsync(first + i, NpgsqlDbType.Bigint);
            await writer.WriteAsync(i * 0.001, NpgsqlDbType.Double);
            await writer.WriteAsync(false);
        }

        await writer.CompleteAsync();
    }

    /// <param name="Registry">Milliseconds of processor time a batch.</param>
    /// <param name="Postgres">Milliseconds of processor time a batch.</param>
    private sealed record Rate(double BatchesPerSecond, double Registry, double Postgres);
}
