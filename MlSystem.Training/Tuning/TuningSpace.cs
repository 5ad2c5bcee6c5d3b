using MlSystem.Training.Pipelines;
using MlSystem.Training.Trainers;
using MlSystem.Training.Tuning.Scheduling;
using MlSystem.Training.Tuning.Search;

namespace MlSystem.Training.Tuning;

/// <summary>Between the declared search and the searching code: dimensions, coordinates, rungs.</summary>
internal static class TuningSpace
{
    /// <summary>Dimensions in the order of their names.</summary>
    public static IReadOnlyList<SearchDimension> Dimensions(TuningSpec spec) => [.. spec.Space.OrderBy(d => d.Key, StringComparer.Ordinal).Select(d => Dimension(d.Key, d.Value))];

    /// <summary>The trainer with a trial's values in place of its own.</summary>
    /// <param name="resource">Amount of the resource; null without one.</param>
    public static TrainerSpec Apply(TrainerSpec trainer, TuningSpec spec, IReadOnlyList<double> point, int? resource)
    {
        Dictionary<string, ParameterValue> parameters = new(trainer.Parameters, StringComparer.Ordinal);
        foreach (var (i, (name, dimension)) in spec.Space.OrderBy(d => d.Key, StringComparer.Ordinal).Index())
        {
            parameters[name] = dimension.Values is { } values ? values[(int)point[i]] : point[i];
        }

        if (resource is { } amount)
        {
            parameters[spec.Resource!.Parameter] = amount;
        }

        return trainer with { Parameters = parameters };
    }

    public static RungLadder? Ladder(TuningSpec spec) => spec.Resource is { } resource ? RungLadder.Of(resource.Min, resource.Max, resource.ReductionFactor) : null;

    public static ISampler Sampler(TuningSpec spec)
    {
        var space = Dimensions(spec);
        var name = spec.Algorithm is TuningAlgorithm.Hyperband or TuningAlgorithm.Asha ? spec.Sampler : spec.Algorithm;
        return name switch
        {
            TuningAlgorithm.Grid => new GridSampler(space),
            TuningAlgorithm.Tpe => new TpeSampler(space, spec.Seed, spec.Multivariate),
            _ => new RandomSampler(space, spec.Seed),
        };
    }

    public static IScheduler Scheduler(TuningSpec spec)
    {
        var ladder = Ladder(spec);
        return spec.Algorithm switch
        {
            TuningAlgorithm.Hyperband => new HyperbandScheduler(ladder!, spec.MaxTrials),
            TuningAlgorithm.Asha => new AshaScheduler(ladder!, spec.MaxTrials),
            _ => new OneByOneScheduler(spec.Algorithm == TuningAlgorithm.Grid ? (int)GridSampler.Size(Dimensions(spec)) : spec.MaxTrials, Checkpoints(spec)),
        };
    }

    /// <summary>Whether a checkpoint is one fold instead of one amount of the resource.</summary>
    public static bool ByFold(TuningSpec spec) => spec is { MedianStopping: not null, Resource: null };

    /// <summary>Checkpoints of a trial that goes all the way from the first rung.</summary>
    public static int Checkpoints(TuningSpec spec) => ByFold(spec) ? spec.Folds : Ladder(spec)?.Resources.Count ?? 1;

    private static SearchDimension Dimension(string name, DimensionSpec spec) => spec.Values is { } values
        ? new ChoiceDimension(name, values.Count)
        : new NumberDimension(name, spec.Min, spec.Max, spec.Log || spec.Type == "log_uniform", spec.Type == "int", spec.Points);
}
