using MlSystem.Contracts;

namespace MlSystem.Graphs.Planning;

/// <summary>The signature of a graph.</summary>
internal static class Signatures
{
    /// <summary>The declared one where there is one: its outputs must be the root's; else the one that follows.</summary>
    public static ModelSignature Of(ModelSignature? declared, IReadOnlyList<TensorSpec> inputs, IReadOnlyList<TensorSpec> outputs, List<string> problems)
    {
        if (inputs.Count == 0)
        {
            problems.Add("the graph takes no inputs");
        }

        if (declared is null)
        {
            return new ModelSignature { Task = Task(outputs), Inputs = inputs, Outputs = outputs };
        }

        if (declared.Outputs.Count == 0)
        {
            problems.Add("the signature has no outputs");
        }

        foreach (var output in declared.Outputs)
        {
            var given = outputs.FirstOrDefault(tensor => tensor.Name == output.Name);
            if (given is null)
            {
                problems.Add($"output '{output.Name}' of the signature is none of the root's ({string.Join(", ", outputs.Select(tensor => tensor.Name))})");
            }
            else if (given.Datatype != output.Datatype || !TensorFit.ShapeFits(output.Shape, given.Shape))
            {
                problems.Add($"output '{output.Name}' is {output.Datatype} {TensorFit.Text(output.Shape)} in the signature, but the root gives {given.Datatype} {TensorFit.Text(given.Shape)}");
            }
        }

        return declared;
    }

    private static string Task(IReadOnlyList<TensorSpec> outputs) =>
        outputs.FirstOrDefault(output => output.Name == StandardOutputs.Label) is { } label
            ? label.Categories is { Count: 2 } ? ModelTask.BinaryClassification : label.Categories is { Count: > 2 } ? ModelTask.MulticlassClassification : ModelTask.Custom
            : outputs is [{ Name: StandardOutputs.Prediction, Datatype: "FP32" or "FP64" }] ? ModelTask.Regression
            : ModelTask.Custom;
}
