using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using DuckDB.NET.Data;
using Microsoft.Data.Sqlite;
using MlSystem.Contracts;
using MlSystem.ServiceDefaults.EventLog;
using MlSystem.Testing;

namespace MlSystem.Monitor.Tests;

/// <summary>A real Monitor process on a real event log.</summary>
public class MonitorTests
{
    [Fact]
    public async Task Predictions_and_feedback_are_joined_whatever_comes_first_and_however_often()
    {
        await using var monitor = await MonitorProcess.StartAsync();
        await JoinEverythingAsync(monitor);
    }

    [Fact]
    public async Task The_same_on_PostgreSQL()
    {
        Assert.SkipWhen(PostgresServer.Missing is not null, PostgresServer.Missing ?? "");
        await using var postgres = await PostgresServer.StartAsync();
        await using var monitor = await MonitorProcess.StartAsync(await postgres.CreateDatabaseAsync());
        await JoinEverythingAsync(monitor);
    }

    [Fact]
    public async Task Killed_between_handling_and_commit_nothing_is_lost_or_doubled()
    {
        await using var monitor = await MonitorProcess.StartAsync(flushIntervalSeconds: 3600);
        await AppendAsync(monitor, 0, 5);
        await monitor.CaughtUpAsync();

        // While the test holds the group files' write locks, Monitor can handle but not commit.
        using (Locked(monitor, "eventlog", Topics.Predictions + ".groups.db"))
        using (Locked(monitor, "eventlog", Topics.Feedback + ".groups.db"))
        {
            await AppendAsync(monitor, 5, 20);
            await monitor.EventuallyAsync(async () => Counts(await monitor.GetAsync("/api/endpoints/churn/performance")) == (40, 20));
            await monitor.KillAsync();
        }

        var before = await monitor.Log.GetPositionsAsync(Topics.Predictions, "monitor", CancellationToken.None);
        Assert.Equal(15, before.Sum(p => p.End - p.Committed));
        await monitor.StartProcessAsync();
        await monitor.CaughtUpAsync();

        Assert.Equal((40, 20), Counts(await monitor.GetAsync("/api/endpoints/churn/performance")));
        await AssertHistoryAsync(monitor, 20);
    }

    [Fact]
    public async Task Killed_between_writing_Parquet_and_recording_it_nothing_is_lost_or_doubled()
    {
        await using var monitor = await MonitorProcess.StartAsync(flushIntervalSeconds: 2);
        var requests = 0;
        for (var killed = false; !killed; requests += 10)
        {
            await AppendAsync(monitor, requests, requests + 10);
            await monitor.CaughtUpAsync();

            // While the test holds the database's write lock, Monitor can write files but not record them.
            using var database = Locked(monitor, "monitor", "metadata.db");
            if (Count(database, "staged") > 0)
            {
                var recorded = Count(database, "history_files");
                killed = await WithinAsync(TimeSpan.FromSeconds(6), () => monitor.ParquetFiles() > recorded);
                if (killed)
                {
                    await monitor.KillAsync();
                }

                // Else Monitor was about to write to its database, not to a file, when the lock fell: let it go on and try again.
            }
        }

        await monitor.StartProcessAsync();
        await AssertHistoryAsync(monitor, requests);
        await monitor.EventuallyAsync(() => Task.FromResult(Staged(monitor) == 0));
        await AssertHistoryAsync(monitor, requests);
    }

    [Fact]
    public async Task Bad_requests_get_a_clear_problem()
    {
        await using var monitor = await MonitorProcess.StartAsync();
        await monitor.Log.AppendAsync(Topics.Predictions, [Samples.Event(Samples.Prediction(0))], CancellationToken.None);
        await monitor.CaughtUpAsync();

        foreach (var path in new[] { "/api/endpoints/nobody/performance", "/api/endpoints/nobody/predictions" })
        {
            Assert.Contains("nobody", (await monitor.GetAsync(path, HttpStatusCode.NotFound)).GetProperty("detail").GetString(), StringComparison.Ordinal);
        }

        foreach (var (query, word) in new[]
        {
            ("from=yesterday", "yesterday"), ("to=never", "never"), ("from=2026-01-02&to=2026-01-01", "before"), ("limit=0", "10000"), ("limit=10001", "10000"), ("cursor=%21", "cursor"),
        })
        {
            var problem = await monitor.GetAsync("/api/endpoints/churn/predictions?" + query, HttpStatusCode.BadRequest);
            Assert.Contains(word, problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task An_event_that_cannot_be_read_is_put_aside_and_does_not_stop_the_others()
    {
        await using var monitor = await MonitorProcess.StartAsync();
        var broken = new LogEvent(Samples.RequestId(1), Encoding.UTF8.GetBytes("{\"request_id\":"), new Dictionary<string, string>());
        await monitor.Log.AppendAsync(Topics.Predictions, [broken, .. Unfitting(), Samples.Event(Samples.Batch(Samples.Prediction(1)))], CancellationToken.None);
        await monitor.Log.AppendAsync(Topics.Feedback, [Samples.Event(Samples.Feedback(1, 0) with { Label = null })], CancellationToken.None);
        await monitor.CaughtUpAsync();

        Assert.Equal((2, 0), Counts(await monitor.GetAsync("/api/endpoints/churn/performance")));
        await using var database = new SqliteConnection($"Data Source={Path.Combine(monitor.DataDirectory, "monitor", "metadata.db")};Mode=ReadOnly;Pooling=false");
        await database.OpenAsync();
        await using var command = database.CreateCommand();
        command.CommandText = "SELECT count(*) FROM rejected_events WHERE length(\"Reason\") > 0";
        Assert.Equal(4L, await command.ExecuteScalarAsync());
    }

    /// <summary>Batches that don't fit together.</summary>
    private static LogEvent[] Unfitting()
    {
        var batch = Samples.Batch(Samples.Prediction(2), Samples.Prediction(3));
        return [Samples.Event(batch with { RequestIds = ["one"] }), Samples.Event(batch with { Rows = [2, 1] })];
    }

    private static async Task<bool> WithinAsync(TimeSpan time, Func<bool> condition)
    {
        for (var start = TimeProvider.System.GetTimestamp(); !condition();)
        {
            if (TimeProvider.System.GetElapsedTime(start) > time)
            {
                return false;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, CancellationToken.None);
        }

        return true;
    }

    private static async Task JoinEverythingAsync(MonitorProcess monitor)
    {
        // Feedback first, then its predictions, then more feedback and everything once more.
        await monitor.Log.AppendAsync(Topics.Feedback, [Samples.Event(Samples.Feedback(0, 0, "No")), Samples.Event(Samples.Feedback(99, 0))], CancellationToken.None);
        await monitor.CaughtUpAsync();
        Assert.Equal(2, (await monitor.GetAsync("/api/endpoints/churn/performance")).GetProperty("feedback_waiting").GetInt64());

        // Batches, and one request in the form of older logs.
        var requests = Enumerable.Range(0, 10).Select(i => Samples.Prediction(i, version: i < 5 ? 1 : 2)).ToList();
        LogEvent[] predictions = [Samples.Event(Samples.Batch(requests[..3])), Samples.Event(requests[3]), Samples.Event(Samples.Batch(requests[4])), Samples.Event(Samples.Batch(requests[5..]))];
        LogEvent[] feedback =
        [
            Samples.Event(Samples.Feedback(0, 0, "Yes", seconds: 5)), Samples.Event(Samples.Feedback(0, 0, "No", seconds: 2)),
            Samples.Event(Samples.Feedback(7, 1, label: null, reward: 0.5)), Samples.Event(Samples.Feedback(8, 7)),
        ];
        await monitor.Log.AppendAsync(Topics.Predictions, [.. predictions, .. predictions], CancellationToken.None);
        await monitor.Log.AppendAsync(Topics.Feedback, [.. feedback, .. feedback], CancellationToken.None);
        await monitor.CaughtUpAsync();
        await monitor.Log.AppendAsync(Topics.Predictions, predictions, CancellationToken.None);
        await monitor.CaughtUpAsync();

        var performance = await monitor.GetAsync("/api/endpoints/churn/performance");
        Assert.Equal(1, performance.GetProperty("feedback_waiting").GetInt64());
        Assert.Equal(
            [(1, 10, 1, 1, 0), (2, 10, 1, 0, 1)],
            performance.GetProperty("versions").EnumerateArray().Select(v => (Int(v, "version"), Int(v, "predictions"), Int(v, "joined"), Int(v, "labelled"), Int(v, "rewarded"))));
        var part = await monitor.GetAsync($"/api/endpoints/churn/performance?from={Samples.Start.AddSeconds(4):yyyy-MM-ddTHH:mm:ssZ}&to={Samples.Start.AddSeconds(7):yyyy-MM-ddTHH:mm:ssZ}");
        Assert.Equal([2, 4], part.GetProperty("versions").EnumerateArray().Select(v => Int(v, "predictions")));
        var served = await monitor.GetAsync("/api/monitors/served?model=churn&version=1");
        Assert.Equal(
            [(0, 1, 2), (3, 4, 8)],
            served.GetProperty("served").EnumerateArray().Select(s => (s.TryGetProperty("endpoint_revision", out var revision) ? revision.GetInt32() : 0, Int(s, "requests"), Int(s, "predictions"))));
        Assert.Equal(Samples.Start.AddSeconds(4), served.GetProperty("served")[1].GetProperty("last_prediction_at").GetDateTimeOffset());
        Assert.Empty((await monitor.GetAsync("/api/monitors/served?model=churn&version=9")).GetProperty("served").EnumerateArray());
        await monitor.GetAsync("/api/monitors/served?model=churn", HttpStatusCode.BadRequest);
        await AssertRowsAsync(monitor);
    }

    private static async Task AssertRowsAsync(MonitorProcess monitor)
    {
        var labelled = (await monitor.GetAsync("/api/endpoints/churn/predictions?labelled=true")).GetProperty("rows");
        var row = Assert.Single(labelled.EnumerateArray());
        Assert.Equal("Yes", row.GetProperty("label").GetString());
        Assert.Equal(Samples.RequestId(0) + "/0", row.GetProperty("prediction_id").GetString());
        Assert.Equal("""{"tenure":1.5,"contract":"One year"}""", row.GetProperty("inputs").GetRawText());
        Assert.Equal("""{"label":"No","probabilities":[0.9,0.1]}""", row.GetProperty("outputs").GetRawText());
        Assert.Equal(Samples.Start, row.GetProperty("time").GetDateTimeOffset());

        var ids = new List<string>();
        for (string? cursor = ""; cursor is not null;)
        {
            var page = await monitor.GetAsync("/api/endpoints/churn/predictions?limit=7" + (cursor.Length > 0 ? "&cursor=" + cursor : ""));
            ids.AddRange(page.GetProperty("rows").EnumerateArray().Select(r => r.GetProperty("prediction_id").GetString()!));
            cursor = page.TryGetProperty("next_cursor", out var next) ? next.GetString() : null;
        }

        Assert.Equal(Enumerable.Range(0, 10).SelectMany(i => new[] { $"{Samples.RequestId(i)}/0", $"{Samples.RequestId(i)}/1" }), ids);
        await AssertParquetAsync(monitor, 20);
        await monitor.EventuallyAsync(async () => (await monitor.GetAsync("/api/monitors")).GetProperty("monitors")[0].GetProperty("history_files").GetInt32() >= 2);
        await AssertParquetAsync(monitor, 20);
    }

    private static async Task AssertParquetAsync(MonitorProcess monitor, long rows)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/endpoints/churn/predictions");
        request.Headers.Accept.ParseAdd("application/vnd.apache.parquet");
        using var response = await monitor.Client.SendAsync(request);
        Assert.Equal("application/vnd.apache.parquet", response.EnsureSuccessStatusCode().Content.Headers.ContentType!.MediaType);
        using var folder = new TempFolder();
        await File.WriteAllBytesAsync(folder["a.parquet"], await response.Content.ReadAsByteArrayAsync());
        using var connection = new DuckDBConnection("Data Source=:memory:");
        await connection.OpenAsync();
        using var command = connection.CreateCommand();
        command.CommandText = $"SELECT count(*) FROM (SELECT DISTINCT prediction_id, inputs FROM '{folder["a.parquet"]}')";
        Assert.Equal(rows, Convert.ToInt64(await command.ExecuteScalarAsync(), CultureInfo.InvariantCulture));
    }

    /// <summary>Requests <paramref name="from"/> to <paramref name="to"/> of two rows, the first row labelled.</summary>
    private static async Task AppendAsync(MonitorProcess monitor, int from, int to)
    {
        var range = Enumerable.Range(from, to - from).ToList();
        await monitor.Log.AppendAsync(Topics.Predictions, range.ConvertAll(i => Samples.Event(Samples.Batch(Samples.Prediction(i)))), CancellationToken.None);
        await monitor.Log.AppendAsync(Topics.Feedback, range.ConvertAll(i => Samples.Event(Samples.Feedback(i, 0))), CancellationToken.None);
    }

    private static async Task AssertHistoryAsync(MonitorProcess monitor, int requests)
    {
        var rows = (await monitor.GetAsync("/api/endpoints/churn/predictions")).GetProperty("rows").EnumerateArray().ToList();
        Assert.Equal(
            Enumerable.Range(0, requests).SelectMany(i => new[] { $"{Samples.RequestId(i)}/0", $"{Samples.RequestId(i)}/1" }),
            rows.Select(r => r.GetProperty("prediction_id").GetString()));
        Assert.Equal(requests, rows.Count(r => r.TryGetProperty("label", out _)));
    }

    private static (long Predictions, long Labelled) Counts(JsonElement performance)
    {
        var versions = performance.GetProperty("versions").EnumerateArray().ToList();
        return (versions.Sum(v => v.GetProperty("predictions").GetInt64()), versions.Sum(v => v.GetProperty("labelled").GetInt64()));
    }

    private static long Staged(MonitorProcess monitor)
    {
        using var database = new SqliteConnection($"Data Source={Path.Combine(monitor.DataDirectory, "monitor", "metadata.db")};Mode=ReadOnly;Pooling=false");
        database.Open();
        return Count(database, "staged");
    }

    private static long Count(SqliteConnection database, string table)
    {
        using var command = database.CreateCommand();
        command.CommandText = $"SELECT count(*) FROM {table}";
        return (long)command.ExecuteScalar()!;
    }

    private static int Int(JsonElement element, string name) => element.GetProperty(name).GetInt32();

    /// <summary>Holds a file's write lock, as a slow other process would; reading goes on.</summary>
    private static SqliteConnection Locked(MonitorProcess monitor, string folder, string file)
    {
        var connection = new SqliteConnection($"Data Source={Path.Combine(monitor.DataDirectory, folder, file)};Pooling=false");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "BEGIN IMMEDIATE";
        command.ExecuteNonQuery();
        return connection;
    }
}
