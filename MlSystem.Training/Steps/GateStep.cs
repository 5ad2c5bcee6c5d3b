using MlSystem.Training.Clients;
using MlSystem.Training.Gates;

namespace MlSystem.Training.Steps;

/// <summary>Decides whether the model may have the alias; a refusal does not fail the run.</summary>
public sealed class GateStep(RegistryClient registry, TimeProvider time) : IStep
{
    public const string StepName = "gate";
    public const string DecisionFile = "gate.json";

    public string Name => StepName;

    public double Weight => 3;

    public async Task<StepFacts> RunAsync(StepContext context, CancellationToken cancellationToken)
    {
        var material = await GateMaterial.ReadAsync(context, cancellationToken);
        var champion = await ChampionModel.FindAsync(registry, context.Definition.Register, cancellationToken);
        var decision = new GateJudge(context.Definition, material, champion, time).Decide(context.Progress, cancellationToken);
        await StepFiles.WriteAsync(context.Output(DecisionFile), decision, TrainingJson.Default.GateDecision, cancellationToken);
        return StepFacts.None;
    }
}
