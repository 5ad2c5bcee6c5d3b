using MlSystem.Inference.Routing;
using MlSystem.Inference.Runtimes;

namespace MlSystem.Inference.Policies;

/// <summary>Chooses among an endpoint's live variants, of which there are at least two.</summary>
public abstract class TrafficPolicy
{
    /// <summary>The input whose value decides, or null where none does.</summary>
    public virtual string? Input => null;

    /// <summary>Chooses when the request arrives.</summary>
    public abstract Choice Choose(EndpointRoute route, CallerKeys caller, RandomSource random);

    /// <summary>Chooses again when the inputs are read, where <see cref="Choice.AwaitsInputs"/> said so.</summary>
    public virtual Choice ChooseByInputs(EndpointRoute route, TensorSet inputs, RandomSource random) => Choose(route, default, random);

    /// <summary>A variant with a probability proportional to its weight.</summary>
    protected static Choice ByWeight(EndpointRoute route, RandomSource random, ChoiceReason reason) => new(route.Choose(random.NextDouble()), reason);
}

/// <summary>By weight, each request for itself.</summary>
public sealed class StaticPolicy : TrafficPolicy
{
    public static readonly StaticPolicy Instance = new();

    public override Choice Choose(EndpointRoute route, CallerKeys caller, RandomSource random) => ByWeight(route, random, ChoiceReason.Weight);
}
