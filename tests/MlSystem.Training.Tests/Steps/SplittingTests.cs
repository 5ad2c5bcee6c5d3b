using FsCheck;
using FsCheck.Fluent;
using MlSystem.Training.Data;
using MlSystem.Training.Pipelines;
using MlSystem.Training.Steps;

namespace MlSystem.Training.Tests.Steps;

public sealed class SplittingTests
{
    [Fact]
    public void Every_row_is_on_exactly_one_side_and_the_split_depends_on_nothing_but_rows_and_seed() =>
        Check((rows, spec) =>
        {
            var (train, test) = Splitting.Split(rows, ["id"], spec);
            var again = Splitting.Split(rows, ["id"], spec);
            return train.Concat(test).Order().SequenceEqual(Enumerable.Range(0, rows.Rows)) && train.SequenceEqual(again.Train) && test.SequenceEqual(again.Test);
        });

    [Fact]
    public void A_split_by_time_never_trains_on_a_row_as_late_as_a_held_out_one() =>
        Check((rows, spec) =>
        {
            var (train, test) = Splitting.Split(rows, ["id"], spec with { Kind = SplitKind.Time });
            return train.All(t => test.All(e => string.CompareOrdinal(rows[Joining.EventTimestamp][t], rows[Joining.EventTimestamp][e]) < 0));
        });

    [Fact]
    public void A_split_by_hash_keeps_an_entity_on_one_side_whatever_other_rows_there_are() =>
        Check((rows, spec) =>
        {
            var whole = Sides(rows, spec);
            var half = rows.Select([.. Enumerable.Range(0, rows.Rows / 2)]);
            return Sides(half, spec).All(side => whole[side.Key] == side.Value);
        });

    [Fact]
    public void A_stratified_split_holds_out_the_share_of_each_class() =>
        Check((rows, spec) =>
        {
            var (_, test) = Splitting.Split(rows, ["id"], spec with { Kind = SplitKind.Stratified });
            return rows[Joining.Label].CountBy(l => l).All(c =>
                Math.Abs(test.Count(t => rows[Joining.Label][t] == c.Key) - (c.Value * spec.TestShare)) <= 0.5 + 1e-9);
        });

    [Fact]
    public void A_split_by_hash_holds_out_about_the_share()
    {
        var (_, test) = Splitting.Split(Rows(10_000, 1), ["id"], new SplitSpec { TestShare = 0.2, Seed = 1 });
        Assert.InRange(test.Count, 1800, 2200);
    }

    private static Dictionary<string, bool> Sides(RowTable rows, SplitSpec spec)
    {
        var test = Splitting.Split(rows, ["id"], spec with { Kind = SplitKind.Hash }).Test.ToHashSet();
        return Enumerable.Range(0, rows.Rows).GroupBy(r => rows["id"][r]).ToDictionary(g => g.Key, g => g.Select(test.Contains).Distinct().Single());
    }

    private static void Check(Func<RowTable, SplitSpec, bool> holds) => Prop.ForAll(
        ArbMap.Default.ArbFor<(byte Rows, int Seed, byte Share, byte Kind)>(),
        input => holds(
            Rows(input.Rows, input.Seed),
            new SplitSpec { Kind = SplitKind.All[input.Kind % 3], TestShare = (input.Share + 1) / 257.0, Seed = Math.Abs((long)input.Seed) })).QuickCheckThrowOnFailure();

    private static RowTable Rows(int count, int seed)
    {
        var random = new Random(seed);
        return new RowTable([
            ("id", [.. Enumerable.Range(0, count).Select(i => FormattableString.Invariant($"c{(count > 1000 ? i : random.Next(100))}"))]),
            (Joining.EventTimestamp, [.. Enumerable.Range(0, count).Select(_ => Cells.Time(new DateTimeOffset(2026, 1, 1 + random.Next(20), 0, 0, 0, TimeSpan.Zero)))]),
            (Joining.Label, [.. Enumerable.Range(0, count).Select(_ => random.Next(3) == 0 ? "Yes" : "No")]),
        ]);
    }
}
