using System.Text.Json;
using MlSystem.Contracts;
using MlSystem.Inference.Explanations.Rows;
using MlSystem.Inference.Explanations.Sampling;
using MlSystem.Inference.Prediction;
using MlSystem.Inference.Versions;

namespace MlSystem.Inference.Explanations.Backgrounds;

/// <summary>What a column's value is taken to be when an explanation does not know it: rows of the request, or the version's baseline.</summary>
internal sealed class Background
{
    private readonly IReadOnlyList<RawColumn> _columns;
    private readonly RawTable _form;
    private readonly RawTable? _given;

    private Background(string source, RawTable form, IReadOnlyList<RawColumn> columns, IReadOnlyList<ColumnValues> values, RawTable? given)
    {
        Source = source;
        _form = form;
        _columns = columns;
        Values = values;
        _given = given;
    }

    /// <summary><c>request</c> or <c>baseline</c>.</summary>
    public string Source { get; }

    /// <summary>Each column's values on their own.</summary>
    public IReadOnlyList<ColumnValues> Values { get; }

    /// <summary>Rows of the request; null for the baseline.</summary>
    public RawTable? Given => _given;

    public static Background OfRows(RawTable rows, IReadOnlyList<RawColumn> columns) =>
        new("request", rows, columns, [.. columns.Select(column => ColumnValues.Of(rows, column))], rows);

    /// <summary>The distributions of the training rows, column by column: the baseline knows nothing of how columns go together.</summary>
    /// <exception cref="InferenceException">The version has no baseline, or none for a column.</exception>
    public static Background OfBaseline(LoadedVersion version, RawTable form, IReadOnlyList<RawColumn> columns)
    {
        var baseline = Read(version) ?? throw InferenceException.Invalid($"{version.Key} has no {ModelFiles.Baseline}: send rows as the parameter background");
        var inputs = baseline.Inputs.GroupBy(column => column.Name, StringComparer.Ordinal).ToDictionary(group => group.Key, group => group.Last(), StringComparer.Ordinal);
        return new Background("baseline", form, columns, [.. columns.Select(column => inputs.GetValueOrDefault(column.Name) is { } found && ColumnValues.Of(found, column.In(form)) is { } values
            ? values
            : throw InferenceException.Invalid($"the {ModelFiles.Baseline} of {version.Key} has no values of '{column.Name}': send rows as the parameter background"))], given: null);
    }

    /// <summary>The request's rows, or rows drawn from the baseline.</summary>
    public RawTable Rows(int size, long seed)
    {
        if (_given is not null)
        {
            return _given;
        }

        var random = new SeededRandom(seed);
        var rows = _form.Empty(size);
        for (var row = 0; row < size; row++)
        {
            for (var c = 0; c < _columns.Count; c++)
            {
                Values[c].Store(Values[c].Draw(random), rows, row, _columns[c]);
            }
        }

        return rows;
    }

    /// <summary>Rows in which every value of every column stands once, the kth of each in row k; shorter columns repeat their first.</summary>
    public RawTable Grid()
    {
        if (_given is not null)
        {
            return _given;
        }

        var rows = _form.Empty(Values.Max(values => values.Shares.Length));
        for (var row = 0; row < rows.Rows; row++)
        {
            for (var c = 0; c < _columns.Count; c++)
            {
                Values[c].Store(row < Values[c].Shares.Length ? row : 0, rows, row, _columns[c]);
            }
        }

        return rows;
    }

    private static Baseline? Read(LoadedVersion version)
    {
        if (!version.Files.TryGetValue(ModelFiles.Baseline, out var path))
        {
            return null;
        }

        try
        {
            using var stream = File.OpenRead(path);
            return JsonSerializer.Deserialize(stream, ContractsJson.Default.Baseline);
        }
        catch (JsonException error)
        {
            throw new InferenceException(FaultKind.InvalidArgument, $"the {ModelFiles.Baseline} of {version.Key} can't be read: {error.Message}", error);
        }
    }
}
