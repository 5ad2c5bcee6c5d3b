using MlSystem.Contracts;
using MlSystem.Inference.Prediction;
using MlSystem.Inference.Runtimes;
using MlSystem.Inference.Tensors;
using MlSystem.Inference.Versions;

namespace MlSystem.Inference.Explanations.Rows;

/// <summary>The output, and the element of it, that an explanation is about.</summary>
/// <param name="Index">Place among the model's outputs.</param>
/// <param name="Classes">Class labels in the order of the output's elements; empty when they are not known.</param>
/// <param name="IsProbability">Whether the elements are the classes' probabilities.</param>
/// <param name="Element">The explained element; null: of each row the one with the greatest value.</param>
/// <param name="LogOdds">Whether probabilities are turned into log-odds.</param>
internal sealed record ExplainedOutput(int Index, TensorInfo Info, IReadOnlyList<string> Classes, bool IsProbability, int? Element, bool LogOdds)
{
    /// <summary>Probabilities closer to 0 or 1 than this are as good as certain: the log-odds stay finite.</summary>
    private const double Certain = 1e-9;

    /// <exception cref="InferenceException">No such output or class, or it is not clear which.</exception>
    public static ExplainedOutput Choose(LoadedVersion version, string? name, string? className)
    {
        var outputs = version.Runtime.Outputs;
        var index = name is null ? Default(outputs) : outputs.ToList().FindIndex(o => o.Name == name);
        if (index < 0 || outputs[index].Datatype == Datatype.Bytes)
        {
            var numeric = string.Join(", ", outputs.Where(o => o.Datatype != Datatype.Bytes).Select(o => $"'{o.Name}'"));
            throw InferenceException.Invalid(
                name is null ? $"name the output to explain: it must be one of {numeric}"
                : index < 0 ? $"the model has no output '{name}'; its numeric outputs are {numeric}"
                : $"output '{name}' is {Datatype.Bytes.Name()}: only numbers can be explained ({numeric})");
        }

        var info = outputs[index];
        var classes = info.Name == StandardOutputs.Probabilities ? version.Signature.Outputs.FirstOrDefault(o => o.Name == StandardOutputs.Label)?.Categories ?? [] : [];
        var width = info.HasRows || info.Shape.Length > 0 ? info.Shape.Skip(info.HasRows ? 1 : 0).Aggregate(1L, (product, dim) => product < 0 || dim < 0 ? -1 : product * dim) : 1;
        return new ExplainedOutput(index, info, classes, info.Name == StandardOutputs.Probabilities, Find(info, classes, className, width), LogOdds: false);
    }

    /// <summary>The element that a row's explanation is about.</summary>
    public int ElementOf(ReadOnlySpan<double> row)
    {
        if (Element is { } given)
        {
            return given < row.Length ? given : throw InferenceException.Invalid($"output '{Info.Name}' has {row.Length} elements a row, there is none at {given}");
        }

        var best = 0;
        for (var i = 1; i < row.Length; i++)
        {
            best = row[i] > row[best] ? i : best;
        }

        return best;
    }

    /// <summary>The element's class label, its position where there are none, null for the only element.</summary>
    public string? ClassOf(int element, int width) => element < Classes.Count ? Classes[element] : width > 1 ? element.ToString(System.Globalization.CultureInfo.InvariantCulture) : null;

    public double Scaled(double value)
    {
        if (!LogOdds)
        {
            return value;
        }

        var probability = Math.Clamp(value, Certain, 1 - Certain);
        return Math.Log(probability / (1 - probability));
    }

    /// <summary>The output's tensor after a run.</summary>
    /// <exception cref="InferenceException">It does not have elements for every row.</exception>
    public Tensor In(TensorSet tensors, int rows)
    {
        var tensor = tensors.Outputs[Index];
        return tensor.Count > 0 && tensor.Count % rows == 0 ? tensor : throw InferenceException.Invalid($"output '{Info.Name}' has {tensor.Count} elements for {rows} rows");
    }

    private static int Default(IReadOnlyList<TensorInfo> outputs)
    {
        foreach (var standard in (string[])[StandardOutputs.Probabilities, StandardOutputs.Prediction])
        {
            if (outputs.ToList().FindIndex(o => o.Name == standard) is >= 0 and var found)
            {
                return found;
            }
        }

        var numeric = outputs.Index().Where(o => o.Item.Datatype != Datatype.Bytes).ToList();
        return numeric.Count == 1 ? numeric[0].Index : -1;
    }

    /// <param name="width">Elements a row; -1 when only a run tells.</param>
    private static int? Find(TensorInfo info, IReadOnlyList<string> classes, string? name, long width)
    {
        if (name is null)
        {
            // Of two classes the second is the positive one; of several the predicted one is explained.
            return width == 1 ? 0
                : info.Name == StandardOutputs.Probabilities ? width == 2 ? 1 : null
                : width < 0 ? 0
                : throw InferenceException.Invalid($"output '{info.Name}' has {width} elements a row: name one as class, from 0 to {width - 1}");
        }

        if (classes.ToList().IndexOf(name) is >= 0 and var found)
        {
            return found;
        }

        return int.TryParse(name, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var position) && (width < 0 || position < width)
            ? position
            : throw InferenceException.Invalid($"output '{info.Name}' has no class '{name}'; its classes are {(classes.Count > 0 ? string.Join(", ", classes.Select(c => $"'{c}'")) : $"0 to {width - 1}")}");
    }
}
