using System.Globalization;
using System.Text;
using System.Text.Json;
using MlSystem.Contracts;
using MlSystem.Training.Learners.Definitions;
using MlSystem.Training.Learners.Features;

namespace MlSystem.Training.Learners.Rows;

/// <summary>Reads JSON rows into a learner's columns. Rows whose keys come in the order of the one before are read without a look-up. Not safe for several threads.</summary>
internal sealed class RowParser
{
    private const double MostMagnitude = float.MaxValue;

    private readonly LearnerDefinition _definition;
    private readonly Dictionary<string, Column> _columns = new(StringComparer.Ordinal);
    private readonly List<Column> _order = [];
    private string? _label;

    public RowParser(LearnerDefinition definition)
    {
        _definition = definition;
        foreach (var (number, i) in definition.Features.Numeric.Select((n, i) => (n, i)))
        {
            Add(new Column(number.Name, Role.Number, i, number.Datatype));
        }

        foreach (var (name, i) in definition.Features.Categorical.Select((n, i) => (n, i)))
        {
            Add(new Column(name, Role.Text, i, "BYTES"));
        }

        Add(new Column(definition.Label.Column, Role.Label, 0, ""));
        if (definition.Label.WeightColumn is { } weight)
        {
            Add(new Column(weight, Role.Weight, 0, ""));
        }
    }

    /// <summary>Fills a row.</summary>
    /// <param name="strict">Whether columns that the learner does not know are an error.</param>
    /// <param name="label">The label as JSON, where the row does not carry it itself.</param>
    /// <returns>What is wrong with the row, or null.</returns>
    public string? Parse(ReadOnlySpan<byte> json, LearnerRow row, bool strict, ReadOnlySpan<byte> label = default)
    {
        Array.Fill(row.Numbers, double.NaN);
        Array.Fill(row.Texts, "");
        (row.Weight, _label) = (1, null);
        try
        {
            return ReadObject(json, row, strict) ?? (label.IsEmpty ? null : ReadLabel(label, row)) ?? Finish(row);
        }
        catch (JsonException error)
        {
            return $"is no JSON object: {error.Message}";
        }
    }

    private string? ReadLabel(ReadOnlySpan<byte> label, LearnerRow row)
    {
        var reader = new Utf8JsonReader(label);
        reader.Read();
        return Take(new Column(_definition.Label.Column, Role.Label, 0, ""), ref reader, row);
    }

    private string? ReadObject(ReadOnlySpan<byte> json, LearnerRow row, bool strict)
    {
        var reader = new Utf8JsonReader(json);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            return "must be a JSON object";
        }

        for (var at = 0; reader.Read() && reader.TokenType == JsonTokenType.PropertyName; at++)
        {
            var column = Find(ref reader, at, out var name);
            reader.Read();
            if (column is null)
            {
                if (strict)
                {
                    return $"has the column '{name}', which the learner does not know; its columns are {string.Join(", ", _columns.Keys)}";
                }

                reader.Skip();
            }
            else if (Take(column, ref reader, row) is { } error)
            {
                return error;
            }
        }

        return reader.Read() ? "has something behind its object" : null;
    }

    private Column? Find(ref Utf8JsonReader reader, int at, out string? name)
    {
        name = null;
        if (at < _order.Count && reader.ValueTextEquals(_order[at].Utf8))
        {
            return _order[at];
        }

        name = reader.GetString()!;
        if (!_columns.TryGetValue(name, out var column))
        {
            return null;
        }

        var was = _order.IndexOf(column);
        if (at < _order.Count)
        {
            (_order[at], _order[was]) = (_order[was], _order[at]);
        }

        return column;
    }

    private string? Take(Column column, ref Utf8JsonReader reader, LearnerRow row)
    {
        switch (column.Role)
        {
            case Role.Text:
                row.Texts[column.Index] = Text(ref reader) ?? "\0";
                return row.Texts[column.Index] == "\0" ? $"column '{column.Name}' must be a string, a number or a boolean" : null;
            case Role.Number:
                return Number(column, ref reader, out row.Numbers[column.Index]);
            case Role.Weight:
                var error = Number(column, ref reader, out var weight);
                row.Weight = weight;
                return error ?? (weight > 0 ? null : $"column '{column.Name}' must be a weight above 0");
            default:
                _label = Text(ref reader);
                return _label is null ? $"label '{column.Name}' must be a string, a number or a boolean" : null;
        }
    }

    private string? Finish(LearnerRow row)
    {
        foreach (var (column, i) in _definition.Features.Numeric.Select((c, i) => (c, i)))
        {
            if (!column.Nullable && double.IsNaN(row.Numbers[i]))
            {
                return $"column '{column.Name}' is missing, and {column.Datatype} can't be; declare it FP64 if it may";
            }
        }

        if (string.IsNullOrEmpty(_label))
        {
            return $"has no label '{_definition.Label.Column}'";
        }

        return _definition.Task == ModelTask.BinaryClassification ? Class(row) : Value(row);
    }

    private string? Class(LearnerRow row)
    {
        var classes = _definition.Label.Classes;
        row.Label = _label == classes[1] ? 1 : 0;
        if (_label != classes[1] && _label != classes[0])
        {
            return $"has the label '{_label}'; the classes are {string.Join(", ", classes)}";
        }

        row.Weight *= _definition.Label.ClassWeights.GetValueOrDefault(_label!, 1);
        return null;
    }

    private string? Value(LearnerRow row)
    {
        row.Label = double.TryParse(_label, CultureInfo.InvariantCulture, out var value) ? value : double.NaN;
        return Math.Abs(row.Label) <= MostMagnitude ? null : $"has the label '{_label}', which is no finite number of single precision";
    }

    private static string? Number(Column column, ref Utf8JsonReader reader, out double value)
    {
        value = double.NaN;
        switch (reader.TokenType)
        {
            case JsonTokenType.Null:
                return null;
            case JsonTokenType.True or JsonTokenType.False:
                value = reader.TokenType == JsonTokenType.True ? 1 : 0;
                return null;
            case JsonTokenType.Number when reader.TryGetDouble(out value) && Math.Abs(value) <= MostMagnitude:
                // In the precision of the model's input, so that learning and serving see the same number.
                value = column.Datatype == "FP32" ? (float)value : value;
                return column.Datatype.StartsWith("INT", StringComparison.Ordinal) && value != Math.Truncate(value)
                    ? $"column '{column.Name}' is {column.Datatype}, but the value is {Raw(ref reader)}"
                    : null;
            case JsonTokenType.Number:
                return $"column '{column.Name}' must be finite in single precision, not {Raw(ref reader)}";
            default:
                return $"column '{column.Name}' must be a number, not {reader.TokenType}";
        }
    }

    private static string? Text(ref Utf8JsonReader reader) => reader.TokenType switch
    {
        JsonTokenType.String => reader.GetString(),
        JsonTokenType.Number => Raw(ref reader),
        JsonTokenType.True => "true",
        JsonTokenType.False => "false",
        JsonTokenType.Null => "",
        _ => null,
    };

    private static string Raw(ref Utf8JsonReader reader) => Encoding.UTF8.GetString(reader.ValueSpan);

    private void Add(Column column)
    {
        _columns.Add(column.Name, column);
        _order.Add(column);
    }

    private enum Role
    {
        Number,
        Text,
        Label,
        Weight,
    }

    private sealed record Column(string Name, Role Role, int Index, string Datatype)
    {
        public byte[] Utf8 { get; } = Encoding.UTF8.GetBytes(Name);
    }
}
