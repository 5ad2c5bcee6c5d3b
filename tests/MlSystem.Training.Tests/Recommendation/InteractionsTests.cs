using MlSystem.Training.Recommendation.Data;
using MlSystem.Training.Tabular;

namespace MlSystem.Training.Tests.Recommendation;

public sealed class InteractionsTests
{
    [Fact]
    public void Ids_that_are_numbers_are_ordered_by_value_and_others_ordinally()
    {
        Assert.Equal(["2", "10", "33"], IdMap.Of(["33", "2", "10", "2"]).Ids);
        Assert.Equal(["10", "2", "b"], IdMap.Of(["b", "2", "10"]).Ids);
        Assert.Equal(["010", "2"], IdMap.Of(["2", "010"]).Ids);
        Assert.Equal(-1, IdMap.Of(["2"]).Find("3"));
    }

    [Fact]
    public void The_newest_of_several_rows_of_a_user_and_item_counts_or_their_sum()
    {
        string[] users = ["u", "u", "u"], items = ["a", "a", "b"];
        var newest = Interactions.Of(users, items, [1, 2, 5], [20, 10, 0]);
        Assert.Equal([1, 5], newest.ByUser.Values);
        Assert.Equal([3, 5], Interactions.Of(users, items, [1, 2, 5], [20, 10, 0], DuplicateRule.Sum).ByUser.Values);
        Assert.Equal([2, 5], Interactions.Of(users, items, [1, 2, 5]).ByUser.Values);
    }

    [Fact]
    public void The_transpose_has_the_same_cells()
    {
        var data = Sets.Grouped();
        var (byUser, byItem) = (Sets.Dense(data.ByUser), Sets.Dense(data.ByItem));
        for (var u = 0; u < data.Users.Count; u++)
        {
            for (var i = 0; i < data.Items.Count; i++)
            {
                Assert.Equal(byUser[u, i], byItem[i, u]);
            }
        }
    }

    [Fact]
    public void Data_that_nothing_can_be_learned_from_are_refused_with_the_reason()
    {
        Assert.Contains("no interactions", Assert.Throws<TrainingDataException>(() => Interactions.Of([], [])).Message, StringComparison.Ordinal);
        Assert.Contains("row 2", Assert.Throws<TrainingDataException>(() => Interactions.Of(["a", "b"], ["x", "y"], [1, float.NaN])).Message, StringComparison.Ordinal);
        Assert.Contains("'item'", Assert.Throws<TrainingDataException>(() => Interactions.Of(["a"], [""])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_hold_out_takes_the_same_share_of_each_user_and_loses_nothing()
    {
        var data = Sets.Grouped();
        var (rest, held) = HoldOut.OfEachUser(data, 0.2, 7);
        Assert.Equal(data.Count, rest.Count + held.Count);
        for (var u = 0; u < data.Users.Count; u++)
        {
            Assert.Equal((int)Math.Round(0.2 * data.ByUser.CountOf(u)), held.ByUser.CountOf(u));
            Assert.Empty(rest.ByUser[u].Indices.ToArray().Intersect(held.ByUser[u].Indices.ToArray()));
        }
    }
}
