using System.Text.Json;
using MlSystem.Inference.Prediction;
using MlSystem.Inference.Explanations.Rows;
using MlSystem.Inference.Tensors;

namespace MlSystem.Inference.Explanations.Backgrounds;

/// <summary>Reads background rows as a JSON request gives them: an array of objects, input name to value.</summary>
internal static class BackgroundRows
{
    /// <exception cref="InferenceException">What is wrong, in which row and column, and what is allowed.</exception>
    public static RawTable Read(JsonElement rows, RawTable form)
    {
        var table = form.Empty(rows.GetArrayLength());
        foreach (var (row, fields) in rows.EnumerateArray().Index())
        {
            if (fields.ValueKind != JsonValueKind.Object)
            {
                throw InferenceException.Invalid($"background[{row}] must be an object with a value for each input");
            }

            foreach (var field in fields.EnumerateObject().Where(field => form.Inputs.All(input => input.Info.Name != field.Name)))
            {
                throw InferenceException.Invalid($"background[{row}]: the model has no input '{field.Name}'; its inputs are {string.Join(", ", form.Inputs.Select(input => $"'{input.Info.Name}'"))}");
            }

            foreach (var input in table.Inputs.Where(input => input.HasRows))
            {
                Read(fields, input, row);
            }
        }

        return table;
    }

    private static void Read(JsonElement fields, RawInput input, int row)
    {
        var where = $"background[{row}]: input '{input.Info.Name}'";
        if (!fields.TryGetProperty(input.Info.Name, out var value))
        {
            throw InferenceException.Invalid($"{where} is absent");
        }

        var elements = new List<JsonElement>();
        Flatten(value, elements);
        if (elements.Count != input.Width)
        {
            throw InferenceException.Invalid($"{where} has {elements.Count} values, a row has {input.Width}");
        }

        foreach (var (element, item) in elements.Index())
        {
            Read(item, input, row, element, where);
        }
    }

    private static void Read(JsonElement value, RawInput input, int row, int element, string where)
    {
        if (value.ValueKind == JsonValueKind.Null)
        {
            if (!input.Info.Nullable || !input.Info.Datatype.CanBeMissing())
            {
                throw InferenceException.Invalid($"{where} is null and must have a value");
            }

            if (!input.IsText)
            {
                input.SetNumber(row, element, double.NaN);
            }
        }
        else if (input.IsText)
        {
            input.SetText(row, element, value.ValueKind == JsonValueKind.String ? System.Text.Encoding.UTF8.GetBytes(value.GetString()!) : throw InferenceException.Invalid($"{where} must be a string"));
        }
        else if (input.Info.Datatype == Datatype.Bool && value.ValueKind is JsonValueKind.True or JsonValueKind.False)
        {
            input.SetNumber(row, element, value.GetBoolean() ? 1 : 0);
        }
        else
        {
            Store(value, input, row, element, where);
        }
    }

    private static void Store(JsonElement value, RawInput input, int row, int element, string where)
    {
        if (input.Info.Datatype == Datatype.Bool || value.ValueKind != JsonValueKind.Number || !value.TryGetDouble(out var number))
        {
            throw InferenceException.Invalid($"{where} must be {(input.Info.Datatype == Datatype.Bool ? "true or false" : "a number")}");
        }

        input.SetNumber(row, element, number);
        var isFloat = input.Info.Datatype is Datatype.Fp16 or Datatype.Fp32 or Datatype.Fp64;
        if (!double.IsFinite(input.Number(row, element)) || (!isFloat && Math.Abs(input.Number(row, element) - number) > Math.Abs(number) * 1e-12))
        {
            throw InferenceException.Invalid($"{where}: {value.GetRawText()} is no {input.Info.Datatype.Name()}");
        }
    }

    private static void Flatten(JsonElement value, List<JsonElement> elements)
    {
        if (value.ValueKind != JsonValueKind.Array)
        {
            elements.Add(value);
            return;
        }

        foreach (var item in value.EnumerateArray())
        {
            Flatten(item, elements);
        }
    }
}
