using Microsoft.ML.OnnxRuntime;
using MlSystem.Contracts;
using MlSystem.Training.Evaluation;
using MlSystem.Training.Gates.Rules;
using MlSystem.Training.Pipelines;
using MlSystem.Training.Steps;
using MlSystem.Training.Trainers;

namespace MlSystem.Training.Gates;

/// <summary>Applies every rule of a gate and gathers all reasons to refuse.</summary>
internal sealed class GateJudge(PipelineDefinition definition, GateMaterial material, ChampionModel? champion, TimeProvider time)
{
    /// <summary>Tasks that have one prediction a row.</summary>
    internal static readonly IReadOnlyList<string> TabularTasks = [ModelTask.BinaryClassification, ModelTask.MulticlassClassification, ModelTask.Regression];

    private readonly List<string> _reasons = [];

    private GateSpec Spec => definition.Gate;

    public GateDecision Decide(IProgress<double> progress, CancellationToken cancellationToken)
    {
        var validation = new ValidationResult(material.Validation.Rows, material.Validation.Breaches, material.Validation.Breaches.Count == 0);
        _reasons.AddRange(validation.Breaches.Select(b => $"data validation: {b}"));
        var thresholds = Spec.Thresholds.Select(Threshold).ToList();
        var signature = Signature();
        var own = Spec.Champion is not null || Spec.Slices.Count > 0 ? Score(material.Onnx, material.Signature, cancellationToken) : null;
        progress.Report(0.2);
        var theirs = ScoreChampion(cancellationToken);
        var comparisons = Spec.Champion is { } comparison && theirs is not null ? Compare(comparison, own!, theirs) : [];
        progress.Report(0.5);
        var slices = Spec.Slices.SelectMany(slice => Slice(slice, own!, theirs)).ToList();
        progress.Report(0.7);
        var size = Size();
        var latency = Latency(cancellationToken);
        return new GateDecision(_reasons.Count == 0, _reasons, champion?.Version)
        {
            Thresholds = thresholds,
            Comparisons = comparisons,
            Slices = slices,
            Latency = latency,
            Size = size,
            Signature = signature,
            Validation = validation,
        };
    }

    private ThresholdResult Threshold(MetricThreshold threshold)
    {
        var result = ThresholdRule.Judge(threshold, material.Metrics);
        _reasons.AddRange(ThresholdRule.Breaches(result.Metric, result.Value, result.Min, result.Max));
        return result;
    }

    private SignatureResult? Signature()
    {
        if (champion is null)
        {
            return null;
        }

        if (champion.Signature is not { } old)
        {
            if (Spec.Signature != SignaturePolicy.Any)
            {
                _reasons.Add($"{champion.Problem}, so the signatures cannot be compared (policy {Spec.Signature})");
            }

            return null;
        }

        var (result, reason) = SignatureRule.Judge(Spec.Signature, material.Signature, old, champion.Version);
        Add(reason);
        return result;
    }

    /// <summary>Null when there is nobody to compare with or it cannot be done, which is a reason where a comparison is asked for: nothing can be said then, which is no reason to promote.</summary>
    private ScoredRows? ScoreChampion(CancellationToken cancellationToken)
    {
        if (champion is null || (Spec.Champion is null && Spec.Slices.All(s => s.MaxWorse is null)))
        {
            return null;
        }

        var problem = champion.Problem;
        if (problem is null)
        {
            try
            {
                return Score(champion.Onnx!, champion.Signature!, cancellationToken);
            }
            catch (Exception error) when (error is ScoringException or OnnxRuntimeException)
            {
                problem = $"version {champion.Version} cannot predict the held-out rows ({error.Message.TrimEnd('.')})";
            }
        }

        _reasons.Add($"{problem}, so the two cannot be compared");
        return null;
    }

    private List<ChampionResult> Compare(ChampionSpec spec, ScoredRows own, ScoredRows theirs)
    {
        List<ChampionResult> results = [];
        foreach (var (result, reason) in ChampionRule.Judge(spec, own, theirs, champion!.Version))
        {
            Add(reason);
            if (result is not null)
            {
                results.Add(result);
            }
        }

        return results;
    }

    private List<SliceResult> Slice(SliceSpec slice, ScoredRows own, ScoredRows? theirs)
    {
        if (!material.Rows.Has(slice.Column))
        {
            throw new StepFailedException($"The gate's slices are by '{slice.Column}', which the rows have not; their columns are {string.Join(", ", material.Rows.Names)}.");
        }

        List<SliceResult> results = [];
        foreach (var (result, reasons) in SliceRule.Judge(slice, material.Rows, own, theirs, champion?.Version))
        {
            results.Add(result);
            _reasons.AddRange(reasons);
        }

        return results;
    }

    private SizeResult? Size()
    {
        if (Spec.MaxSizeBytes is not { } most)
        {
            return null;
        }

        var result = new SizeResult(material.Onnx.Length, most, material.Onnx.Length <= most);
        Add(result.Passed ? null : $"the model has {result.Bytes} bytes, more than {most}");
        return result;
    }

    private LatencyResult? Latency(CancellationToken cancellationToken)
    {
        if (Spec.Latency is not { } spec)
        {
            return null;
        }

        using var options = new Microsoft.ML.OnnxRuntime.SessionOptions { IntraOpNumThreads = 1, InterOpNumThreads = 1 };
        using var scorer = new OnnxScorer(material.Onnx, material.Signature, options);
        var result = LatencyProbe.Measure(spec, material.Rows, row => scorer.Score(row, cancellationToken), time, cancellationToken);
        Add(result.Passed ? null : LatencyProbe.Reason(result));
        return result;
    }

    private ScoredRows Score(byte[] onnx, ModelSignature signature, CancellationToken cancellationToken)
    {
        var job = material.Job with { Onnx = onnx, Signature = signature };
        if (!TabularTasks.Contains(job.Task))
        {
            return new FamilyScoredRows(TrainerCatalog.FamilyOf(job.Task), job, cancellationToken);
        }

        using var scorer = new OnnxScorer(onnx, signature);
        return new TabularScoredRows(job.Task, material.Rows[Joining.Label], scorer.Score(material.Rows, cancellationToken));
    }

    private void Add(string? reason)
    {
        if (reason is not null)
        {
            _reasons.Add(reason);
        }
    }
}
