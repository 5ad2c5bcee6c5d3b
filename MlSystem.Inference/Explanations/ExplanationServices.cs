using MlSystem.Inference.Explanations.Exact;

namespace MlSystem.Inference.Explanations;

/// <summary>Registers explanations.</summary>
public static class ExplanationServices
{
    public static WebApplicationBuilder AddExplanations(this WebApplicationBuilder builder)
    {
        builder.Services.AddOptions<ExplanationOptions>().BindConfiguration("Inference:Explanations").ValidateDataAnnotations().ValidateOnStart();
        builder.Services.AddSingleton<ExactModels>();
        builder.Services.AddSingleton<Explainer>();
        builder.Services.AddSingleton<ExplainService>();
        builder.Services.AddSingleton<ExplanationsGrpcService>();
        return builder;
    }

    public static WebApplication MapExplanations(this WebApplication app)
    {
        app.MapPost("/v2/models/{model}/explain", ExplainEndpoint.HandleAsync);
        app.MapPost("/v2/models/{model}/versions/{version}/explain", ExplainEndpoint.HandleAsync);
        app.MapGrpcService<ExplanationsGrpcService>();
        return app;
    }
}
