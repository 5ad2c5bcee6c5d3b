using MlSystem.Inference.Explanations.Rows;
using MlSystem.Inference.Prediction;

namespace MlSystem.Inference.Explanations;

/// <summary>What a request wants explained and how; both protocols give this.</summary>
internal sealed record ExplainParameters
{
    /// <summary>One of <see cref="ExplainMethods"/>.</summary>
    public string Method { get; init; } = ExplainMethods.Auto;

    /// <summary>The explained output; null: <c>probabilities</c>, <c>prediction</c>, or the only numeric one.</summary>
    public string? Output { get; init; }

    /// <summary>Label or position of the explained class; null: the second of two, the predicted one of several.</summary>
    public string? Class { get; init; }

    /// <summary>One of <see cref="ExplainScales"/>; null: raw for exact methods, output for the others.</summary>
    public string? Scale { get; init; }

    /// <summary>Coalitions (<c>kernel_shap</c>) or perturbed rows (<c>lime</c>) for each row; null: the method's own number.</summary>
    public int? Samples { get; init; }

    public long Seed { get; init; }

    /// <summary>Rows drawn from the baseline; null: the server's default.</summary>
    public int? BackgroundSize { get; init; }

    /// <summary>Makes the background rows that the request brings; null: the version's baseline.</summary>
    public Func<RawTable, RawTable>? Background { get; init; }

    /// <summary>Only so many columns of each row, the greatest first; null: all in the model's order.</summary>
    public int? TopK { get; init; }

    /// <summary>What was true of each row, for permutation importance: class labels or numbers.</summary>
    public IReadOnlyList<string>? Labels { get; init; }

    /// <summary>One of <see cref="ImportanceMetrics"/>; null: log loss or root mean squared error.</summary>
    public string? Metric { get; init; }

    /// <summary>How often each column is shuffled; null: 5.</summary>
    public int? Repeats { get; init; }

    /// <exception cref="InferenceException">A value is not one of those allowed, or parameters do not go together.</exception>
    public ExplainParameters Checked(ExplanationOptions options)
    {
        OneOf("method", Method, ExplainMethods.All);
        OneOf("scale", Scale, ExplainScales.All);
        Between("samples", Samples, 1, options.MaxSamples);
        Between("background_size", BackgroundSize, 1, options.MaxBackgroundRows);
        Between("top_k", TopK, 1, RawColumn.MaxColumns);
        Between("repeats", Repeats, 1, 1000);
        Only(Method == ExplainMethods.Permutation, ("labels", Labels is not null), ("metric", Metric is not null), ("repeats", Repeats is not null));
        if (Method == ExplainMethods.Permutation && Labels is null)
        {
            throw InferenceException.Invalid("method 'permutation' needs the parameter labels: what was true of each row");
        }

        if (Samples is not null && Method is not (ExplainMethods.KernelShap or ExplainMethods.Lime or ExplainMethods.Auto))
        {
            throw InferenceException.Invalid($"the parameter samples is of the methods 'kernel_shap' and 'lime', not of '{Method}'");
        }

        return this;
    }

    private static void OneOf(string name, string? value, IReadOnlyList<string> allowed)
    {
        if (value is not null && !allowed.Contains(value))
        {
            throw InferenceException.Invalid($"the parameter {name} is '{value}'; it is one of {string.Join(", ", allowed)}");
        }
    }

    private static void Between(string name, int? value, int from, int to)
    {
        if (value < from || value > to)
        {
            throw InferenceException.Invalid($"the parameter {name} is {value}; it is a whole number from {from} to {to}");
        }
    }

    private void Only(bool allowed, params (string Name, bool IsGiven)[] parameters)
    {
        if (!allowed && parameters.FirstOrDefault(parameter => parameter.IsGiven).Name is { } name)
        {
            throw InferenceException.Invalid($"the parameter {name} is of the method 'permutation', not of '{Method}'");
        }
    }
}
