using MlSystem.FeatureStore.Offline;
using MlSystem.FeatureStore.Offline.Compaction;

namespace MlSystem.FeatureStore.Tests.Offline;

public sealed class CompactionPlanTests
{
    private const long Target = 1_000_000;

    [Theory]
    [InlineData(new long[] { }, true, 0)]
    [InlineData(new long[] { 10 }, true, 0)]
    [InlineData(new long[] { 10, 10 }, true, 2)]
    [InlineData(new long[] { 10, 10 }, false, 0)]
    [InlineData(new long[] { 10, 10, 10, 10 }, false, 4)]
    [InlineData(new long[] { 900, 10, 10, 10, 10 }, false, 4)]
    [InlineData(new long[] { 900_000, 10 }, true, 0)]
    [InlineData(new long[] { 2_000_000, 1_500_000 }, true, 0)]
    [InlineData(new long[] { 600_000, 600_000 }, true, 0)]
    public void Small_files_are_merged_and_big_ones_left_alone(long[] sizes, bool quiet, int merged) =>
        Assert.Equal(merged, CompactionPlan.Choose([.. sizes.Select(File)], quiet, minFiles: 4, Target).Count);

    [Fact]
    public void However_many_files_come_few_are_left_and_each_row_is_written_a_few_times()
    {
        var live = new List<OfflineFileRow>();
        long written = 0;
        for (var i = 0; i < 5_000; i++)
        {
            live.Add(File(100));
            if (CompactionPlan.Choose(live, quiet: false, minFiles: 8, long.MaxValue) is { Count: > 0 } chosen)
            {
                live.RemoveAll(chosen.Contains);
                live.Add(File(chosen.Sum(file => file.Bytes)));
                written += chosen.Sum(file => file.Bytes);
            }
        }

        Assert.InRange(live.Count, 1, 40);
        Assert.InRange(written, 1, 12 * 500_000);
    }

    private static OfflineFileRow File(long bytes) => new()
    {
        FeatureView = "v",
        Date = new DateOnly(2026, 1, 1),
        Name = "f",
        Rows = bytes,
        Bytes = bytes,
        MinEventUs = 0,
        MaxEventUs = 0,
        MinLoggedUs = 0,
        MaxLoggedUs = 0,
        Compacted = false,
        Statistics = "{}",
        AddedAtUs = 0,
    };
}
