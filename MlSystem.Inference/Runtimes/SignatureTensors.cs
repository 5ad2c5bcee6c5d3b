using MlSystem.Contracts;
using MlSystem.Inference.Tensors;

namespace MlSystem.Inference.Runtimes;

/// <summary>Between the tensors of a signature and those of a runtime.</summary>
internal static class SignatureTensors
{
    /// <exception cref="ModelRefusedException">A datatype is unknown.</exception>
    public static IReadOnlyList<TensorInfo> Of(IReadOnlyList<TensorSpec> specs) =>
        [.. specs.Select(spec => Datatypes.TryParse(spec.Datatype, out var datatype)
            ? new TensorInfo(spec.Name, datatype, spec.Shape, spec.Nullable)
            : throw new ModelRefusedException($"'{spec.Name}' has the unknown datatype '{spec.Datatype}'"))];

    /// <summary>The signature of a model that came without one.</summary>
    public static ModelSignature Of(IModelRuntime runtime) => new() { Task = ModelTask.Custom, Inputs = Of(runtime.Inputs), Outputs = Of(runtime.Outputs) };

    private static List<TensorSpec> Of(IReadOnlyList<TensorInfo> tensors) =>
        [.. tensors.Select(tensor => new TensorSpec { Name = tensor.Name, Datatype = tensor.Datatype.Name(), Shape = tensor.Shape, Nullable = tensor.Nullable })];
}
