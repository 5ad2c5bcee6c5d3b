using MlSystem.Inference.Prediction;
using Wire = MlSystem.Inference.Protocols.Explain;

namespace MlSystem.Inference.Explanations;

/// <summary>The answer as a message.</summary>
internal static class GrpcExplanation
{
    public static Wire.ExplainResponse Of(InferenceCall call, Explanation explanation)
    {
        var response = new Wire.ExplainResponse
        {
            ModelName = call.Variant.Endpoint,
            ModelVersion = call.Variant.Version.VersionText,
            Id = call.ClientId ?? "",
            RequestId = call.RequestId,
            Variant = call.Variant.Name,
            Method = explanation.Method,
            Exact = explanation.IsExact,
            ExactRefused = explanation.ExactRefused ?? "",
            Output = explanation.Output,
            Scale = explanation.Scale,
            Seed = explanation.Seed,
            Background = explanation.Background ?? "",
            Explanations = { explanation.Rows.Select(Row) },
        };
        if (call.OldestFeatureAgeSeconds is { } age)
        {
            response.OldestFeatureAgeSeconds = age;
        }

        if (explanation.Samples is { } samples)
        {
            response.Samples = samples;
        }

        if (explanation.BackgroundRows is { } rows)
        {
            response.BackgroundRows = rows;
        }

        if (explanation.Importance is { } importance)
        {
            response.Importance = Importance(importance);
        }

        return response;
    }

    private static Wire.RowExplanation Row(RowExplanation row)
    {
        var message = new Wire.RowExplanation
        {
            Row = row.Row, Class = row.Class ?? "", BaseValue = row.BaseValue, Value = row.Value, Residual = row.Residual, Contributions = { row.Contributions.Select(Column) },
        };
        if (row.LocalFit is { } fit)
        {
            message.LocalFit = fit;
        }

        if (row.Others is { } others)
        {
            message.Others = others;
        }

        return message;
    }

    private static Wire.ColumnContribution Column(ColumnContribution column)
    {
        var message = new Wire.ColumnContribution { Column = column.Column, Contribution = column.Contribution };
        if (column.Coefficient is { } coefficient)
        {
            message.Coefficient = coefficient;
        }

        switch (column.Value)
        {
            case string text: message.Text = text; break;
            case bool flag: message.Flag = flag; break;
            case double number: message.Number = number; break;
            default: break;
        }

        return message;
    }

    private static Wire.Importance Importance(PermutationResult importance) => new()
    {
        Metric = importance.Metric,
        Score = importance.Score,
        Rows = importance.Rows,
        Repeats = importance.Repeats,
        Columns = { importance.Columns.Select(c => new Wire.ColumnImportance { Column = c.Column, Mean = c.Mean, StandardDeviation = c.StandardDeviation }) },
    };
}
