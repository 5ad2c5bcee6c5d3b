using System.Globalization;
using MlSystem.Training.Data;
using MlSystem.Training.Recommendation.Data;
using MlSystem.Training.Steps;
using MlSystem.Training.Tabular;

namespace MlSystem.Training.Trainers;

/// <summary>Rows of users and items as interactions.</summary>
internal static class InteractionRows
{
    /// <param name="minimumLabel">Rows with a smaller label count as if they were not there; null: every row counts.</param>
    /// <exception cref="TrainingDataException">Not exactly two entity columns, or no row is left.</exception>
    public static Interactions Of(RowTable rows, IReadOnlyList<string> keys, double? minimumLabel)
    {
        var (users, items) = Columns(rows, keys);
        int[] kept = [.. Kept(rows, minimumLabel)];
        if (kept.Length == 0)
        {
            throw new TrainingDataException(null, rows.Rows == 0 ? "there are no interactions" : "no row's label reaches minimum_label");
        }

        return Interactions.Of([.. kept.Select(r => users[r])], [.. kept.Select(r => items[r])], times: [.. kept.Select(r => Ticks(rows[Joining.EventTimestamp][r]))]);
    }

    /// <exception cref="TrainingDataException">Not exactly two entity columns.</exception>
    public static (string[] Users, string[] Items) Columns(RowTable rows, IReadOnlyList<string> keys) => keys.Count == 2
        ? (rows[keys[0]], rows[keys[1]])
        : throw new TrainingDataException(null, $"recommendation needs two entity columns, the user and the item; there are {keys.Count}{(keys.Count == 0 ? "" : ": ")}{string.Join(", ", keys)}");

    /// <summary>Rows whose label is large enough.</summary>
    /// <exception cref="TrainingDataException">A minimum is asked for and a label is no number.</exception>
    public static IEnumerable<int> Kept(RowTable rows, double? minimumLabel)
    {
        var labels = rows[Joining.Label];
        return Enumerable.Range(0, rows.Rows).Where(r => minimumLabel is not { } minimum
            || (double.TryParse(labels[r], CultureInfo.InvariantCulture, out var label)
                ? label >= minimum
                : throw new TrainingDataException(null, $"the label of row {r + 1} is '{labels[r]}', but minimum_label needs numbers")));
    }

    /// <summary>Item ids of a user, oldest first.</summary>
    public static string[] History(Interactions data, int user)
    {
        var start = data.ByUser.Offsets[user];
        return [.. Enumerable.Range(start, data.ByUser.CountOf(user)).OrderBy(at => data.Times[at]).Select(at => data.Items.Ids[data.ByUser.Indices[at]])];
    }

    private static long Ticks(string time) => Cells.TryTime(time, out var moment) ? moment.UtcTicks : 0;
}
