using System.Runtime.InteropServices;
using MlSystem.Onnx;
using MlSystem.Onnx.Protos;
using MlSystem.Training.Recommendation.Factorization;
using MlSystem.Training.Recommendation.Numerics;
using MlSystem.Training.Tabular;

namespace MlSystem.Training.Trainers;

/// <summary>Reads the item factors back out of a served graph: the ids are the keys of its encoder, the factors what their positions gather.</summary>
internal static class ParentFactors
{
    /// <param name="kind">The trainer, which has to be the parent's, too.</param>
    /// <param name="width">Factors of the training.</param>
    /// <exception cref="TrainingDataException">The version is of another trainer, or has another number of factors.</exception>
    public static WarmStart Of(ParentModel parent, string kind, int width)
    {
        var model = OnnxModel.Parse(parent.Onnx);
        var trained = model.Metadata.GetValueOrDefault("algorithm", "another program");
        if (trained != kind)
        {
            throw new TrainingDataException(null, $"A warm start needs a version that {kind} trained; version {parent.Version} of {parent.Model} was trained by {trained}.");
        }

        var graph = model.Proto.Graph;
        var encoder = graph.Node.FirstOrDefault(n => n.OpType == "LabelEncoder") ?? throw Unreadable(parent);
        string[] items = [.. encoder.Attribute.First(a => a.Name == "keys_strings").Strings.Select(s => s.ToStringUtf8())];
        var factors = Constant(graph, graph.Node.FirstOrDefault(n => n.OpType == "Gather" && n.Input[1] == encoder.Output[0])?.Input[0]) ?? throw Unreadable(parent);
        if (factors.Dims[1] != width)
        {
            throw new TrainingDataException(null, $"Version {parent.Version} of {parent.Model} has {factors.Dims[1]} factors, this training {width}: a warm start needs the same number.");
        }

        // The last row stands for unknown items.
        var matrix = new FactorMatrix(items.Length, width);
        Floats(factors)[..(items.Length * width)].CopyTo(matrix.Values);
        var bias = Constant(graph, graph.Node.LastOrDefault(n => n.OpType == "Gemm" && n.Input.Count == 3)?.Input[2]);
        return new WarmStart(items, matrix, bias is null ? null : Floats(bias).ToArray());
    }

    private static TensorProto? Constant(GraphProto graph, string? name) => graph.Initializer.FirstOrDefault(t => t.Name == name);

    private static ReadOnlySpan<float> Floats(TensorProto tensor) => MemoryMarshal.Cast<byte, float>(tensor.RawData.Span);

    private static TrainingDataException Unreadable(ParentModel parent) => new(null, $"The factors of version {parent.Version} of {parent.Model} can't be read from its graph.");
}
