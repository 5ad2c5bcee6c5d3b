using MlSystem.Contracts;
using MlSystem.Inference.Bandits;
using MlSystem.Inference.Prediction;

namespace MlSystem.Inference.Tests.Bandits;

public sealed class BanditLedgerTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void The_last_reward_of_a_prediction_counts_and_events_count_once()
    {
        var ledger = new BanditLedger(1000);
        var (first, second) = (RequestIds.Next(Now, 7), RequestIds.Next(Now, 7));
        Assert.True(ledger.Take(0, 0, Now, Feedback(first, 0.25)));
        Assert.True(ledger.Take(0, 1, Now, Feedback(first, 1)));
        Assert.True(ledger.Take(0, 2, Now, Feedback(second, 0)));
        Assert.True(ledger.Take(1, 0, Now, Feedback(second, 0.5, row: 1)));
        Assert.Equal(new ArmRewards(3, 1.5), ledger.Arm("e", 7).Rewards);

        // Delivered again after a rebalance or a crash.
        Assert.False(ledger.Take(0, 1, Now, Feedback(first, 1)));
        Assert.False(ledger.Take(0, 2, Now, Feedback(second, 0)));
        Assert.Equal(new ArmRewards(3, 1.5), ledger.Arm("e", 7).Rewards);
    }

    [Fact]
    public void What_is_no_reward_between_0_and_1_teaches_nothing()
    {
        var ledger = new BanditLedger(1000);
        FeedbackEvent?[] nothing = [null, Feedback(RequestIds.Next(Now, 7), 1.5), Feedback(RequestIds.Next(Now, 7), -1), Feedback("no id", 1), Feedback(RequestIds.Next(Now, 7), null), Feedback(RequestIds.Next(Now, 8), 1)];
        for (var i = 0; i < nothing.Length; i++)
        {
            ledger.Take(0, i, Now, nothing[i]);
        }

        Assert.Equal(0, ledger.Arm("e", 7).Rewards.Pulls);
        Assert.Equal(1, ledger.Arm("e", 8).Rewards.Pulls);
        Assert.Equal(0, ledger.Arm("f", 8).Rewards.Pulls);
    }

    /// <summary>Any order of partitions, with any events delivered again, leads every replica to the same sums.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Replicas_agree(int seed)
    {
        var random = new Random(seed);
        var ids = Enumerable.Range(0, 60).Select(_ => RequestIds.Next(Now, (ushort)random.Next(3))).ToList();
        var partitions = Enumerable.Range(0, 4).Select(_ => new List<FeedbackEvent>()).ToList();
        for (var i = 0; i < 300; i++)
        {
            var id = random.Next(ids.Count);
            partitions[id % 4].Add(Feedback(ids[id], random.Next(5) / 4.0));
        }

        var ledgers = Enumerable.Range(0, 3).Select(replica => Read(partitions, new Random((seed * 10) + replica))).ToList();
        for (ushort tag = 0; tag < 3; tag++)
        {
            Assert.True(ledgers[0].Arm("e", tag).Rewards.Pulls > 0);
            Assert.All(ledgers, ledger => Assert.Equal(ledgers[0].Arm("e", tag).Rewards, ledger.Arm("e", tag).Rewards));
        }
    }

    private static BanditLedger Read(List<List<FeedbackEvent>> partitions, Random random)
    {
        var ledger = new BanditLedger(1000);
        var next = new int[partitions.Count];
        while (next.Select((offset, partition) => offset < partitions[partition].Count).Any(left => left))
        {
            var partition = random.Next(partitions.Count);
            if (next[partition] < partitions[partition].Count)
            {
                ledger.Take(partition, next[partition], Now, partitions[partition][next[partition]]);
                next[partition] = random.Next(10) == 0 ? random.Next(next[partition] + 1) : next[partition] + 1;
            }
        }

        return ledger;
    }

    private static FeedbackEvent Feedback(string id, double? reward, int row = 0) => new()
    {
        FeedbackId = "f", PredictionId = $"{id}/{row}", RequestId = id, Row = row, Endpoint = "e", Reward = reward, Time = Now,
    };
}
