using System.Diagnostics.Metrics;
using MlSystem.Contracts;
using MlSystem.Inference.Metrics;
using MlSystem.Inference.Routing;

namespace MlSystem.Inference.Bandits;

/// <summary>What bandits know, by <c>model</c> (the endpoint), <c>version</c> and <c>variant</c>; the same on every replica that has read all feedback.</summary>
public sealed class BanditMetrics(ServingState state, IMeterFactory meters)
{
    /// <summary>Begins to be observed, with the first bandit.</summary>
    public void Start()
    {
        var meter = meters.Create(InferenceMetrics.MeterName);
        meter.CreateObservableGauge("mlsystem_variant_rewards", () => Observe(static rewards => rewards.Pulls), unit: null, "Bandit: rewarded predictions of the variant");
        meter.CreateObservableGauge("mlsystem_variant_mean_reward", () => Observe(static rewards => rewards.Mean), unit: null, "Bandit: mean reward of the variant, 0 to 1");
    }

    private IEnumerable<Measurement<double>> Observe(Func<ArmRewards, double?> read) =>
        from route in state.Table.Endpoints.Values
        where route.Endpoint.Policy.Kind == PolicyKind.Bandit
        from variant in route.Live
        let value = read(variant.Arm.Rewards)
        where value is not null
        select new Measurement<double>(value.Value, new("model", route.Name), new("version", variant.Version.VersionText), new("variant", variant.Name));
}
