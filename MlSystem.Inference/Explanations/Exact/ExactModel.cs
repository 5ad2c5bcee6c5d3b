using System.Collections.Concurrent;
using Microsoft.ML.OnnxRuntime;
using MlSystem.Contracts;
using MlSystem.Inference.Explanations.Rows;
using MlSystem.Inference.Explanations.Trees;
using MlSystem.Inference.Prediction;
using MlSystem.Inference.Versions;
using MlSystem.Onnx;
using SessionOptions = Microsoft.ML.OnnxRuntime.SessionOptions;

namespace MlSystem.Inference.Explanations.Exact;

/// <summary>
/// A version whose graph computes its output from one tree ensemble or linear model, and each of that model's features from one raw
/// column: what exact explanations need. Has a session of its own that gives features and scores instead of outputs.
/// </summary>
internal sealed class ExactModel : IDisposable
{
    /// <summary>Memory for contributions computed ahead, for each score that is explained.</summary>
    private const long TableBytes = 32 << 20;

    private readonly InferenceSession _session;
    private readonly ExactNode _node;
    private readonly ConcurrentDictionary<int, PathDependentTreeShap> _explainers = new();

    private ExactModel(InferenceSession session, ExactNode node, long sessionBytes)
    {
        _session = session;
        _node = node;
        SessionBytes = sessionBytes;
    }

    public TreeEnsemble? Trees => _node.Trees;

    public LinearModel? Linear => _node.Linear;

    /// <summary>Whether the trees tell how many training rows came to each node.</summary>
    public bool HasCovers => _node.HasCovers;

    public IReadOnlyList<RawElement?> Features => _node.Features;

    /// <summary>An estimate: the model file, twice, and what was computed ahead.</summary>
    public long Bytes => SessionBytes + _explainers.Values.Sum(explainer => explainer.TableBytes);

    private long SessionBytes { get; }

    /// <exception cref="OnnxGraphException">The graph is of another kind: says what is in the way.</exception>
    public static ExactModel Load(LoadedVersion version)
    {
        if (!version.Files.TryGetValue(ModelFiles.Onnx, out var path))
        {
            throw new OnnxGraphException("the version is no ONNX graph");
        }

        var bytes = File.ReadAllBytes(path);
        var model = OnnxModel.Parse(bytes);
        var node = ExactNode.Find(model);
        try
        {
            using var options = new SessionOptions { IntraOpNumThreads = 1, InterOpNumThreads = 1, LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR };
            options.AddSessionConfigEntry("session.intra_op.allow_spinning", "0");
            return new ExactModel(new InferenceSession(model.Slice(node.FeatureValue, node.ScoreValue).ToBytes(), options), node, 2L * bytes.Length);
        }
        catch (OnnxRuntimeException error)
        {
            throw new OnnxGraphException($"the part of the graph that computes features and scores does not load: {error.Message}");
        }
    }

    /// <summary>How an element of an output follows from a score.</summary>
    /// <exception cref="OnnxGraphException">It does not, or not from one score alone.</exception>
    public LinkedScore LinkOf(string output, int element) => _node.Links.TryGetValue(output, out var scores) && element < scores.Count
        ? scores[element]
        : throw new OnnxGraphException($"output '{output}' is not a link of one score of the model's {(Trees is null ? "linear model" : "trees")}");

    /// <summary>Column of the ensemble's or linear model's own scores for a column of the graph's.</summary>
    public int OwnScore(int score) => _node.OwnScore(score);

    public FeatureRows Run(RawTable rows)
    {
        var tensors = rows.Inputs.Where(input => _session.InputMetadata.ContainsKey(input.Info.Name)).Select(input => Loaded(input, rows.Rows)).ToList();
        try
        {
            var values = tensors.ToDictionary(tensor => tensor.Info.Name, tensor => tensor.Value, StringComparer.Ordinal);
            using var run = new RunOptions();
            using var results = _session.Run(run, values, [.. _session.OutputNames]);
            var byName = _session.OutputNames.Zip(results).ToDictionary(pair => pair.First, pair => Doubles(pair.Second), StringComparer.Ordinal);
            return new FeatureRows(byName[_node.FeatureValue], _node.Features.Count, byName[_node.ScoreValue], rows.Rows);
        }
        catch (OnnxRuntimeException error)
        {
            throw new InferenceException(FaultKind.ModelFailed, $"the model's features can't be computed: {error.Message}", error);
        }
        finally
        {
            tensors.ForEach(tensor => tensor.Dispose());
        }
    }

    /// <summary>The path-dependent explainer of a score, made once.</summary>
    public PathDependentTreeShap Explainer(int score, IReadOnlyList<int> targets, int targetCount) =>
        _explainers.GetOrAdd(score, _ => PathDependentTreeShap.Create(Trees!, score, targets, targetCount, TableBytes));

    public void Dispose() => _session.Dispose();

    private static Tensors.Tensor Loaded(RawInput input, int rows)
    {
        var tensor = new Tensors.Tensor(input.Info);
        input.Load(tensor, 0, rows);
        return tensor;
    }

    private static double[] Doubles(OrtValue value) => value.GetTensorTypeAndShape().ElementDataType switch
    {
        Microsoft.ML.OnnxRuntime.Tensors.TensorElementType.Double => value.GetTensorDataAsSpan<double>().ToArray(),
        Microsoft.ML.OnnxRuntime.Tensors.TensorElementType.Float => Array.ConvertAll(value.GetTensorDataAsSpan<float>().ToArray(), v => (double)v),
        Microsoft.ML.OnnxRuntime.Tensors.TensorElementType.Int64 => Array.ConvertAll(value.GetTensorDataAsSpan<long>().ToArray(), v => (double)v),
        Microsoft.ML.OnnxRuntime.Tensors.TensorElementType.Int32 => Array.ConvertAll(value.GetTensorDataAsSpan<int>().ToArray(), v => (double)v),
        var other => throw new InferenceException(FaultKind.InvalidArgument, $"features of type {other} are not explained"),
    };
}

/// <summary>Features and scores of some rows, as the graph computes them.</summary>
/// <param name="Features">Row-major, rows × <paramref name="Width"/>.</param>
/// <param name="Scores">Row-major, rows × scores.</param>
internal sealed record FeatureRows(double[] Features, int Width, double[] Scores, int Rows)
{
    public double Score(int row, int score) => Scores[(row * (Scores.Length / Rows)) + score];

    public ReadOnlySpan<double> Row(int row) => Features.AsSpan(row * Width, Width);
}
