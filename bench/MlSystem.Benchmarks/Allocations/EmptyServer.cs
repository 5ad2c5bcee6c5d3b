using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Grpc.Core;
using MlSystem.Inference.Protocols.Grpc;

namespace MlSystem.Benchmarks.Allocations;

/// <summary>What Kestrel and Grpc.AspNetCore allocate themselves: the body is read, or the message parsed, and the answer is constant.</summary>
internal static class EmptyServer
{
    private static readonly byte[] Answer = new byte[128];

    public static async Task<WebApplication> StartAsync(int http, int grpc)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, http);
            kestrel.Listen(IPAddress.Loopback, grpc, listen => listen.Protocols = HttpProtocols.Http2);
        });
        builder.Services.AddGrpc();
        var app = builder.Build();
        app.MapPost("/v2/models/lr/infer", (RequestDelegate)AnswerAsync);
        app.MapGrpcService<Constant>();
        await app.StartAsync();
        return app;
    }

    private static async Task AnswerAsync(HttpContext context)
    {
        var reader = context.Request.BodyReader;
        var read = await reader.ReadAsync(context.RequestAborted);
        while (!read.IsCompleted)
        {
            reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            read = await reader.ReadAsync(context.RequestAborted);
        }

        reader.AdvanceTo(read.Buffer.End);
        context.Response.ContentLength = Answer.Length;
        await context.Response.BodyWriter.WriteAsync(Answer, context.RequestAborted);
    }

    private sealed class Constant : GRPCInferenceService.GRPCInferenceServiceBase
    {
        private static readonly Task<ModelInferResponse> Done = Task.FromResult(new ModelInferResponse { ModelName = "lr", ModelVersion = "1" });

        public override Task<ModelInferResponse> ModelInfer(ModelInferRequest request, ServerCallContext context) => Done;
    }
}
