using MlSystem.Inference.Explanations.Exact;
using MlSystem.Inference.Explanations.Sampling;
using MlSystem.Inference.Prediction;
using MlSystem.Onnx;

namespace MlSystem.Inference.Explanations;

/// <summary>Chooses the method and runs it.</summary>
internal sealed class Explainer(ExactModels models)
{
    /// <exception cref="InferenceException">The method does not fit the model, the request is wrong, or the time is over.</exception>
    public async Task<Explanation> ExplainAsync(ExplainContext context, CancellationToken cancellationToken)
    {
        switch (context.Parameters.Method)
        {
            case ExplainMethods.KernelShap:
                return await KernelShap.ExplainAsync(context);
            case ExplainMethods.Lime:
                return await Lime.ExplainAsync(context);
            case ExplainMethods.Permutation:
                return await PermutationImportance.ExplainAsync(context);
            case ExplainMethods.Auto:
                var (explanation, problem) = Exact(context, cancellationToken);
                return explanation ?? await KernelShap.ExplainAsync(context) with { ExactRefused = problem };
            default:
                var (exact, why) = Exact(context, cancellationToken);
                return exact ?? throw InferenceException.Invalid($"method '{context.Parameters.Method}' does not fit this model: {why}; 'kernel_shap' and 'lime' explain any model");
        }
    }

    private (Explanation? Explanation, string? Problem) Exact(ExplainContext context, CancellationToken cancellationToken)
    {
        // Whoever asks for samples asks for a method that draws them.
        if (context.Parameters.Samples is not null)
        {
            return (null, "the request has samples, which exact methods do not use");
        }

        var (model, problem) = models.Get(context.Version);
        if (model is null)
        {
            return (null, problem);
        }

        var method = context.Parameters.Method == ExplainMethods.Auto ? model.Trees is null ? ExplainMethods.Linear : ExplainMethods.TreeShap : context.Parameters.Method;
        if ((method == ExplainMethods.Linear) != (model.Trees is null))
        {
            return (null, $"its graph has {(model.Trees is null ? "a linear model and no trees" : "a tree ensemble and no linear model")}");
        }

        try
        {
            return (new ExactExplanations(model, context, cancellationToken).Explain(method), null);
        }
        catch (OnnxGraphException error)
        {
            return (null, error.Message);
        }
    }
}
