using System.Runtime.InteropServices;
using MlSystem.Training.Tabular;

namespace MlSystem.Training.Recommendation.Data;

/// <summary>What becomes of several rows of one user and item.</summary>
public enum DuplicateRule
{
    /// <summary>The newest counts (of equal times the last row): for ratings.</summary>
    Newest,

    /// <summary>Values are added: for counts of events.</summary>
    Sum,
}

/// <summary>Who did what with which item: a sparse matrix of users and items, by user and by item.</summary>
public sealed class Interactions
{
    private readonly Lazy<SparseMatrix> _byItem;

    private Interactions(IdMap users, IdMap items, SparseMatrix byUser, long[] times)
    {
        (Users, Items, ByUser, Times) = (users, items, byUser, times);
        _byItem = new Lazy<SparseMatrix>(byUser.Transpose);
    }

    public IdMap Users { get; }

    public IdMap Items { get; }

    /// <summary>Users × items.</summary>
    public SparseMatrix ByUser { get; }

    /// <summary>Items × users.</summary>
    public SparseMatrix ByItem => _byItem.Value;

    /// <summary>For each entry of <see cref="ByUser"/> when it happened, in the unit it was given in; zero where none was.</summary>
    public long[] Times { get; }

    public int Count => ByUser.Count;

    /// <summary>Reads rows.</summary>
    /// <param name="values">Ratings or counts; null: 1 each.</param>
    /// <param name="times">Null: the order of the rows is the order of time.</param>
    /// <exception cref="TrainingDataException">No rows, an empty id, or a value that is not a finite number.</exception>
    /// <exception cref="ArgumentException">Columns of different lengths.</exception>
    public static Interactions Of(
        IReadOnlyList<string> users, IReadOnlyList<string> items, IReadOnlyList<float>? values = null, IReadOnlyList<long>? times = null, DuplicateRule duplicates = DuplicateRule.Newest)
    {
        var count = users.Count;
        if (items.Count != count || (values?.Count ?? count) != count || (times?.Count ?? count) != count)
        {
            throw new ArgumentException("Users, items, values and times must have the same number of rows.", nameof(items));
        }

        if (count == 0)
        {
            throw new TrainingDataException(null, "there are no interactions");
        }

        var (userIds, itemIds) = (IdMap.Of(users, "user"), IdMap.Of(items, "item"));
        var cells = new Cell[count];
        for (var row = 0; row < count; row++)
        {
            var value = values?[row] ?? 1;
            cells[row] = float.IsFinite(value)
                ? new Cell(userIds.Find(users[row]), itemIds.Find(items[row]), value, times?[row] ?? 0, row)
                : throw new TrainingDataException("value", $"row {row + 1} is not a finite number");
        }

        return Of(userIds, itemIds, cells, duplicates);
    }

    /// <summary>Some of the entries, by their positions in <see cref="ByUser"/>; users and items keep their positions, also those that lose all entries.</summary>
    public Interactions Select(Func<int, bool> keep)
    {
        var offsets = new int[ByUser.Offsets.Length];
        var kept = new List<int>(Count);
        for (var user = 0; user < ByUser.Rows; user++)
        {
            for (var at = ByUser.Offsets[user]; at < ByUser.Offsets[user + 1]; at++)
            {
                if (keep(at))
                {
                    kept.Add(at);
                }
            }

            offsets[user + 1] = kept.Count;
        }

        var matrix = new SparseMatrix(
            ByUser.Rows, ByUser.Columns, offsets, [.. kept.Select(at => ByUser.Indices[at])], [.. kept.Select(at => ByUser.Values[at])]);
        return new Interactions(Users, Items, matrix, [.. kept.Select(at => Times[at])]);
    }

    /// <summary>The entries of a range of users as a matrix of their own, for work on a sample: the items keep their positions.</summary>
    public Interactions OfUsers(IReadOnlyList<int> users)
    {
        var ids = IdMap.Of(users.Select(u => Users.Ids[u]), "user");
        int[] ordered = [.. ids.Ids.Select(Users.Find)];
        var offsets = new int[ordered.Length + 1];
        for (var u = 0; u < ordered.Length; u++)
        {
            offsets[u + 1] = offsets[u] + ByUser.CountOf(ordered[u]);
        }

        var (indices, values, times) = (new int[offsets[^1]], new float[offsets[^1]], new long[offsets[^1]]);
        for (var u = 0; u < ordered.Length; u++)
        {
            var row = ByUser[ordered[u]];
            row.Indices.CopyTo(indices.AsSpan(offsets[u]));
            row.Values.CopyTo(values.AsSpan(offsets[u]));
            Times.AsSpan(ByUser.Offsets[ordered[u]], row.Count).CopyTo(times.AsSpan(offsets[u]));
        }

        return new Interactions(ids, Items, new SparseMatrix(ordered.Length, Items.Count, offsets, indices, values), times);
    }

    private static Interactions Of(IdMap users, IdMap items, Cell[] cells, DuplicateRule duplicates)
    {
        Array.Sort(cells);
        var offsets = new int[users.Count + 1];
        var (indices, values, times) = (new int[cells.Length], new float[cells.Length], new long[cells.Length]);
        var count = 0;
        for (var i = 0; i < cells.Length; i++)
        {
            var cell = cells[i];
            var again = i > 0 && cells[i - 1].User == cell.User && cells[i - 1].Item == cell.Item;
            var to = again ? count - 1 : count++;
            values[to] = again && duplicates == DuplicateRule.Sum ? values[to] + cell.Value : cell.Value;
            indices[to] = cell.Item;
            times[to] = cell.Time;
            offsets[cell.User + 1] = count;
        }

        return new Interactions(users, items, new SparseMatrix(users.Count, items.Count, offsets, indices[..count], values[..count]), times[..count]);
    }

    [StructLayout(LayoutKind.Auto)]
    private readonly record struct Cell(int User, int Item, float Value, long Time, int Row) : IComparable<Cell>
    {
        public int CompareTo(Cell other)
        {
            var order = User.CompareTo(other.User);
            order = order != 0 ? order : Item.CompareTo(other.Item);
            order = order != 0 ? order : Time.CompareTo(other.Time);
            return order != 0 ? order : Row.CompareTo(other.Row);
        }
    }
}
