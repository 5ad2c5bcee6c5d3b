using MlSystem.Graphs;
using MlSystem.Inference.Prediction;
using MlSystem.Inference.Tensors;

namespace MlSystem.Inference.Graphs;

/// <summary>The tensors that arrive at a node or step, by name.</summary>
internal sealed class TensorScope : Dictionary<string, Tensor>
{
    public TensorScope()
        : base(StringComparer.Ordinal)
    {
    }

    public TensorScope(TensorScope other)
        : base(other, StringComparer.Ordinal)
    {
    }

    /// <summary>Rows of the tensors that count rows; 1 where none does.</summary>
    /// <exception cref="InferenceException">They differ.</exception>
    public int Rows()
    {
        KeyValuePair<string, Tensor>? first = null;
        foreach (var pair in this)
        {
            if (!pair.Value.Info.HasRows)
            {
                continue;
            }

            first ??= pair;
            if (pair.Value.Rows != first.Value.Value.Rows)
            {
                throw InferenceException.Invalid($"'{pair.Key}' has {pair.Value.Rows} rows and '{first.Value.Key}' has {first.Value.Value.Rows}: all must have as many");
            }
        }

        return (int)(first?.Value.Rows ?? 1);
    }

    /// <summary>What a step's target gets.</summary>
    public static TensorScope For(PlanStep step, TensorScope request, TensorScope? response)
    {
        var scope = step.Target is PlanNode ? new TensorScope(step.Whole ? response! : request) : [];
        foreach (var (input, source) in step.Inputs)
        {
            scope[input] = (source.FromResponse ? response! : request)[source.Name];
        }

        return scope;
    }

    /// <summary>What leaves a step.</summary>
    public static TensorScope Renamed(PlanStep step, TensorScope outputs)
    {
        var renamed = new TensorScope();
        foreach (var (name, source) in step.Renames)
        {
            renamed[name] = outputs[source];
        }

        return renamed;
    }
}
