using MlSystem.Inference.Prediction;
using MlSystem.Inference.Runtimes;
using MlSystem.Inference.Tensors;

namespace MlSystem.Inference.Policies;

/// <summary>Copies a request's inputs into the tensors of another version, by name.</summary>
internal static class InputMove
{
    /// <summary>Copies every input and join key that both have and the request has given; what the target lacks is left out.</summary>
    /// <param name="skip">Inputs that are not copied.</param>
    /// <exception cref="InferenceException">An input has another datatype, or a shape that the target does not take.</exception>
    public static void Copy(TensorSet from, TensorSet to, Func<Tensor, bool>? skip = null)
    {
        foreach (var source in from.Inputs.Concat(from.JoinKeys))
        {
            if (source.IsPresent && skip?.Invoke(source) != true && Find(to, source.Info.Name) is { } target)
            {
                Copy(source, target);
            }
        }
    }

    /// <summary>The same outputs among those of another version.</summary>
    /// <exception cref="InferenceException">It has no output of a name.</exception>
    public static List<RequestedOutput>? Requested(List<RequestedOutput>? requested, TensorSet from, TensorSet to, string variant) =>
        requested?.ConvertAll(output =>
        {
            var name = from.Outputs[output.Index].Info.Name;
            var index = Array.FindIndex(to.Outputs, tensor => tensor.Info.Name == name);
            return index >= 0 ? output with { Index = index } : throw InferenceException.Invalid($"variant '{variant}', which the request's key leads to, has no output '{name}'");
        });

    /// <summary>Copies one tensor into another of the same datatype.</summary>
    public static void Copy(Tensor source, Tensor target)
    {
        if (source.Info.Datatype != target.Info.Datatype)
        {
            throw InferenceException.Invalid($"input '{source.Info.Name}' is {source.Info.Datatype.Name()}, the variant that was chosen takes {target.Info.Datatype.Name()}");
        }

        TensorShape.Apply(target, source.Shape, source.Count);
        if (source.Info.Datatype != Datatype.Bytes)
        {
            source.Raw.CopyTo(target.Raw);
            return;
        }

        for (var i = 0; i < source.Count; i++)
        {
            target.SetBytes(i, source.GetBytes(i));
        }
    }

    private static Tensor? Find(TensorSet tensors, string name) =>
        Array.Find(tensors.Inputs, input => input.Info.Name == name) ?? Array.Find(tensors.JoinKeys, key => key.Info.Name == name);
}
