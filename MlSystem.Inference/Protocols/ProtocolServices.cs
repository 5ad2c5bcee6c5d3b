using Microsoft.Extensions.Options;
using MlSystem.Inference.Explanations;
using MlSystem.Inference.Protocols.Grpc;
using MlSystem.Inference.Protocols.Grpc.First;
using MlSystem.Inference.Protocols.Rest;
using MlSystem.ServiceDefaults.Errors;
using MlSystem.ServiceDefaults.Hosting;

namespace MlSystem.Inference.Protocols;

/// <summary>Registers the two faces of the Open Inference Protocol.</summary>
public static class ProtocolServices
{
    public static WebApplicationBuilder AddProtocols(this WebApplicationBuilder builder)
    {
        builder.Services.AddErrorForm("/v2", static (json, error) => json.WriteString("error", error.Message));
        builder.Services.AddSingleton<InferEndpoint>();
        builder.Services.AddSingleton<GrpcInferFirst>();
        builder.Services.AddSingleton<IStartupFilter, InferFirst>();
        builder.Services.AddSingleton<OipGrpcService>();
        builder.Services.AddGrpc();
        builder.Services.AddOptions<global::Grpc.AspNetCore.Server.GrpcServiceOptions>().Configure<IOptions<ServiceOptions>>((grpc, service) =>
        {
            grpc.MaxReceiveMessageSize = (int)Math.Min(service.Value.MaxRequestBodyBytes, int.MaxValue);
            grpc.MaxSendMessageSize = null;
        });
        builder.Services.AddGrpcReflection();
        // Serving once start-up is complete: a dependency that is lost later takes nothing out of rotation.
        builder.Services.AddGrpcHealthChecks(health => health.Services.Map("", static check => check.Name == StartupHealth.Name))
            .AddCheck<StartupHealth>(StartupHealth.Name);
        return builder;
    }

    public static WebApplication MapProtocols(this WebApplication app)
    {
        app.MapOip();
        app.MapExplanations();
        app.MapGrpcService<OipGrpcService>();
        app.MapGrpcReflectionService();
        app.MapGrpcHealthChecksService();
        return app;
    }
}
