namespace MlSystem.Training.Steps;

/// <summary>Every step that a run can have: a definition may set how each is carried out. A new step adds its name here and itself to <see cref="StepPlan"/>.</summary>
internal static class StepNames
{
    public static IReadOnlyList<string> All { get; } =
    [
        "apply_features", "ingest_rows", JoinStep.StepName, ValidateStep.StepName, SplitStep.StepName, Tuning.TuneStep.StepName, TrainStep.StepName, EvaluateStep.StepName, GateStep.StepName, RegisterStep.StepName,
    ];
}
