using MlSystem.Contracts;
using MlSystem.Training.Tabular;
using MlSystem.Training.Tabular.LightGbm;

namespace MlSystem.Training.Tests.Tabular.LightGbm;

public sealed class LightGbmThreadsTests
{
    private const int Odd = 7;
    private const int Even = 8;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    [Fact]
    public async Task Different_numbers_of_threads_never_meet_and_equal_ones_do()
    {
        var (running, met, together) = (new int[2], 0, 0);
        var together7 = new Barrier(2);
        await Task.WhenAll(Enumerable.Range(0, 40).Select(i => Task.Factory.StartNew(
            () =>
            {
                using var lease = LightGbmThreads.Enter(i % 2 == 0 ? Even : Odd, TestContext.Current.CancellationToken);
                Interlocked.Increment(ref running[i % 2]);
                Interlocked.Add(ref met, Volatile.Read(ref running[1 - (i % 2)]));
                Interlocked.Decrement(ref running[i % 2]);
            },
            TestContext.Current.CancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default)));
        Assert.Equal(0, met);

        // Each waits for the other while both hold a lease: it ends only if they may.
        await Task.WhenAll(Enumerable.Range(0, 2).Select(_ => Task.Factory.StartNew(
            () =>
            {
                using var lease = LightGbmThreads.Enter(Odd, TestContext.Current.CancellationToken);
                Interlocked.Add(ref together, together7.SignalAndWait(Patience) ? 1 : 0);
            },
            TestContext.Current.CancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default)));
        Assert.Equal(2, together);
    }

    [Fact]
    public async Task Who_waits_can_be_cancelled_and_leaves_the_way_free()
    {
        using var stop = new CancellationTokenSource();
        var lease = LightGbmThreads.Enter(Odd, TestContext.Current.CancellationToken);
        var waiting = Task.Factory.StartNew(() => LightGbmThreads.Enter(Even, stop.Token), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        var behind = Task.Factory.StartNew(
            () => LightGbmThreads.Enter(Odd, TestContext.Current.CancellationToken), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting.WaitAsync(Patience, TestContext.Current.CancellationToken));
        (await behind.WaitAsync(Patience, TestContext.Current.CancellationToken)).Dispose();
        lease.Dispose();
    }

    /// <summary>The library writes behind its buffers, and the process ends, where numbers of threads get mixed.</summary>
    [Fact]
    public async Task Trainings_of_few_and_many_rows_side_by_side_give_what_they_give_alone()
    {
        var token = TestContext.Current.CancellationToken;
        var frames = new[] { 300, 21_000, 500, 700 }.Select((rows, seed) => TabularData.Random(seed + 20, ModelTask.BinaryClassification, rows)).ToArray();
        var options = new TabularOptions { Algorithm = TabularAlgorithm.LightGbm, Iterations = 8, Leaves = 8, Threads = 2 };
        byte[] Train(TabularFrame frame)
        {
            using var model = TabularTrainer.Train(frame, null, options, null, token);
            return model.Onnx;
        }

        var alone = frames.Select(Train).ToArray();
        for (var round = 0; round < 3; round++)
        {
            var together = await Task.WhenAll(frames.Select(f => Task.Factory.StartNew(() => Train(f), token, TaskCreationOptions.LongRunning, TaskScheduler.Default)));
            Assert.Equal(alone, together);
        }
    }
}
