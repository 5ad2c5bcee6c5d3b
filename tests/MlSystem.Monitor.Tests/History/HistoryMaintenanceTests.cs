using MlSystem.Monitor.History;

namespace MlSystem.Monitor.Tests.History;

public class HistoryMaintenanceTests
{
    [Fact]
    public async Task Days_that_are_over_become_one_file_a_kind_and_leftovers_go()
    {
        using var monitor = new MonitorDatabase();
        for (var i = 0; i < 4; i++)
        {
            await monitor.Join.AddPredictionsAsync([Samples.Arrival(Samples.Event(Samples.Batch(Samples.Prediction(i))))], [], CancellationToken.None);
            await monitor.Join.AddFeedbackAsync([Samples.Feedback(i, 1)], [], CancellationToken.None);
            await monitor.Writer.FlushAsync(CancellationToken.None);
        }

        var before = await RowsAsync(monitor);
        var leftover = monitor.Folder.NewPath("predictions", "churn", "2026-01-01");
        monitor.Folder.Write(leftover, file => File.WriteAllText(file, "a crash left this"));
        await monitor.Maintenance.RunAsync(CancellationToken.None);

        Assert.Equal(before, await RowsAsync(monitor));
        Assert.Equal(2, monitor.CreateDbContext().Files.Count());
        Assert.Equal(8 + 2 + 1, monitor.Folder.FilesBefore(DateTimeOffset.MaxValue).Count());

        // One pass later nobody reads the replaced files any more.
        monitor.Time.Advance(TimeSpan.FromHours(2));
        await monitor.Maintenance.RunAsync(CancellationToken.None);
        Assert.Equal(2, monitor.Folder.FilesBefore(DateTimeOffset.MaxValue).Count());
        Assert.Equal(before, await RowsAsync(monitor));
    }

    [Fact]
    public async Task What_is_past_its_retention_is_removed_everywhere()
    {
        using var monitor = new MonitorDatabase();
        await monitor.Join.AddPredictionsAsync([Samples.Arrival(Samples.Event(Samples.Prediction(0)))], [], CancellationToken.None);
        await monitor.Join.AddFeedbackAsync([Samples.Feedback(0, 0), Samples.Feedback(9, 0)], [], CancellationToken.None);
        await monitor.Writer.FlushAsync(CancellationToken.None);

        monitor.Time.Advance(TimeSpan.FromDays(20));
        await monitor.Maintenance.RunAsync(CancellationToken.None);
        Assert.Equal(2, (await RowsAsync(monitor)).Count);

        monitor.Time.Advance(TimeSpan.FromDays(20));
        await monitor.Maintenance.RunAsync(CancellationToken.None);
        await using var context = monitor.CreateDbContext();
        Assert.Empty(await RowsAsync(monitor));
        Assert.Empty(context.Requests);
        Assert.Empty(context.Outcomes);
        Assert.Empty(context.Files);
    }

    private static async Task<List<string>> RowsAsync(MonitorDatabase monitor) =>
        (await monitor.History.ReadAsync(new HistoryQuery("churn", null, null, Labelled: false), null, 100, CancellationToken.None))
        .ConvertAll(row => $"{row.PredictionId} {row.Inputs} {row.Label}");
}
