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
    public void A_stratified_split_holds_out_the_share_of_each_class_as_nearly_as_whole_entities_allow() =>
        Check((rows, spec) =>
        {
            var test = Splitting.Split(rows, ["id"], spec with { Kind = SplitKind.Stratified }).Test.ToHashSet();
            var entities = Enumerable.Range(0, rows.Rows).GroupBy(r => rows["id"][r]).Select(g => (
                Rows: g.ToList(), Class: g.CountBy(r => rows[Joining.Label][r]).OrderByDescending(c => c.Value).ThenBy(c => c.Key, StringComparer.Ordinal).First().Key)).ToList();
            return entities.GroupBy(e => e.Class).All(c =>
                Math.Abs(c.Sum(e => e.Rows.Count(test.Contains)) - (c.Sum(e => e.Rows.Count) * spec.TestShare)) <= c.Max(e => e.Rows.Count) + 0.5);
        });

    [Fact]
    public void Neither_hash_nor_stratified_splits_put_an_entity_on_both_sides() =>
        Check((rows, spec) => new[] { SplitKind.Hash, SplitKind.Stratified }.All(kind =>
        {
            var (train, test) = Splitting.Split(rows, ["id"], spec with { Kind = kind });
            return !train.Select(r => rows["id"][r]).Intersect(test.Select(r => rows["id"][r])).Any();
        }));

    [Fact]
    public void A_split_per_user_holds_out_the_newest_share_of_each_user() =>
        Check((rows, spec) =>
        {
            var test = Splitting.Split(rows, ["id"], spec with { Kind = SplitKind.PerUser }).Test.ToHashSet();
            return Enumerable.Range(0, rows.Rows).GroupBy(r => rows["id"][r]).All(user =>
                user.Count(test.Contains) == (int)Math.Floor((user.Count() * spec.TestShare) + 1e-9)
                && user.Where(test.Contains).All(t => user.Where(r => !test.Contains(r)).All(r =>
                    string.CompareOrdinal(rows[Joining.EventTimestamp][r], rows[Joining.EventTimestamp][t]) <= 0)));
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
