using System.Buffers;
using System.Text.Json;
using MlSystem.Inference.Prediction;

namespace MlSystem.Inference.Explanations;

/// <summary>Writes the answer as JSON.</summary>
internal static class ExplanationWriter
{
    public static void Write(IBufferWriter<byte> output, InferenceCall call, Explanation explanation)
    {
        using var json = new Utf8JsonWriter(output);
        json.WriteStartObject();
        json.WriteString("model_name"u8, call.Variant.Endpoint);
        json.WriteString("model_version"u8, call.Variant.Version.VersionText);
        if (call.ClientId is not null)
        {
            json.WriteString("id"u8, call.ClientId);
        }

        WriteParameters(json, call);
        WriteMethod(json, explanation);
        if (explanation.Importance is { } importance)
        {
            WriteImportance(json, importance);
        }
        else
        {
            json.WriteStartArray("explanations"u8);
            foreach (var row in explanation.Rows)
            {
                WriteRow(json, row);
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
    }

    private static void WriteParameters(Utf8JsonWriter json, InferenceCall call)
    {
        json.WriteStartObject("parameters"u8);
        json.WriteString("request_id"u8, call.RequestId);
        json.WriteString("variant"u8, call.Variant.Name);
        if (call.OldestFeatureAgeSeconds is { } age)
        {
            json.WriteNumber("oldest_feature_age_seconds"u8, age);
        }

        if (call.FeaturesMissing > 0)
        {
            json.WriteNumber("features_missing"u8, call.FeaturesMissing);
        }

        if (call.EntitiesNotFound > 0)
        {
            json.WriteNumber("entities_not_found"u8, call.EntitiesNotFound);
        }

        json.WriteEndObject();
    }

    private static void WriteMethod(Utf8JsonWriter json, Explanation explanation)
    {
        json.WriteString("method"u8, explanation.Method);
        json.WriteBoolean("exact"u8, explanation.IsExact);
        if (explanation.ExactRefused is not null)
        {
            json.WriteString("exact_refused"u8, explanation.ExactRefused);
        }

        json.WriteString("output"u8, explanation.Output);
        json.WriteString("scale"u8, explanation.Scale);
        if (explanation.Samples is { } samples)
        {
            json.WriteNumber("samples"u8, samples);
        }

        json.WriteNumber("seed"u8, explanation.Seed);
        if (explanation.Background is not null)
        {
            json.WriteString("background"u8, explanation.Background);
        }

        if (explanation.BackgroundRows is { } rows)
        {
            json.WriteNumber("background_rows"u8, rows);
        }
    }

    private static void WriteRow(Utf8JsonWriter json, RowExplanation row)
    {
        json.WriteStartObject();
        json.WriteNumber("row"u8, row.Row);
        if (row.Class is not null)
        {
            json.WriteString("class"u8, row.Class);
        }

        Number(json, "base_value", row.BaseValue);
        Number(json, "value", row.Value);
        Number(json, "residual", row.Residual);
        if (row.LocalFit is { } fit)
        {
            Number(json, "local_fit", fit);
        }

        json.WriteStartArray("contributions"u8);
        foreach (var column in row.Contributions)
        {
            json.WriteStartObject();
            json.WriteString("column"u8, column.Column);
            Value(json, column.Value);
            Number(json, "contribution", column.Contribution);
            if (column.Coefficient is { } coefficient)
            {
                Number(json, "coefficient", coefficient);
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
        if (row.Others is { } others)
        {
            Number(json, "others", others);
        }

        json.WriteEndObject();
    }

    private static void WriteImportance(Utf8JsonWriter json, PermutationResult importance)
    {
        json.WriteStartObject("importance"u8);
        json.WriteString("metric"u8, importance.Metric);
        Number(json, "score", importance.Score);
        json.WriteNumber("rows"u8, importance.Rows);
        json.WriteNumber("repeats"u8, importance.Repeats);
        json.WriteStartArray("columns"u8);
        foreach (var column in importance.Columns)
        {
            json.WriteStartObject();
            json.WriteString("column"u8, column.Column);
            Number(json, "mean", column.Mean);
            Number(json, "standard_deviation", column.StandardDeviation);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Value(Utf8JsonWriter json, object? value)
    {
        switch (value)
        {
            case null: json.WriteNull("value"u8); break;
            case string text: json.WriteString("value"u8, text); break;
            case bool flag: json.WriteBoolean("value"u8, flag); break;
            default: Number(json, "value", (double)value); break;
        }
    }

    /// <summary>JSON has no NaN and no infinities: they are null, as in predictions.</summary>
    private static void Number(Utf8JsonWriter json, string name, double value)
    {
        if (double.IsFinite(value))
        {
            json.WriteNumber(name, value);
        }
        else
        {
            json.WriteNull(name);
        }
    }
}
