namespace MlSystem.Inference.Explanations;

/// <summary>Names of the methods.</summary>
internal static class ExplainMethods
{
    /// <summary>The exact one that fits the model, else <see cref="KernelShap"/>.</summary>
    public const string Auto = "auto";

    public const string TreeShap = "tree_shap";
    public const string TreeShapInterventional = "tree_shap_interventional";
    public const string Linear = "linear";
    public const string KernelShap = "kernel_shap";
    public const string Lime = "lime";
    public const string Permutation = "permutation";

    public static IReadOnlyList<string> All { get; } = [Auto, TreeShap, TreeShapInterventional, Linear, KernelShap, Lime, Permutation];
}

/// <summary>What the explained value is measured in.</summary>
internal static class ExplainScales
{
    /// <summary>Before the link: log-odds of two classes, the score of one of several, log of an exponential; a regression's prediction as it is.</summary>
    public const string Raw = "raw";

    /// <summary>The model's output as it is, such as a probability.</summary>
    public const string Output = "output";

    public static IReadOnlyList<string> All { get; } = [Raw, Output];
}

/// <summary>Metrics of permutation importance.</summary>
internal static class ImportanceMetrics
{
    public const string LogLoss = "log_loss";
    public const string Accuracy = "accuracy";
    public const string Auc = "auc";
    public const string Rmse = "rmse";
    public const string Mae = "mae";
    public const string R2 = "r2";

    public static IReadOnlyList<string> Classification { get; } = [LogLoss, Accuracy, Auc];

    public static IReadOnlyList<string> Regression { get; } = [Rmse, Mae, R2];
}
