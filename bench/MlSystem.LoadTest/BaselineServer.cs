using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace MlSystem.LoadTest;

/// <summary>The least a .NET server can do with the same bodies: parse them whole and give a constant answer.</summary>
internal static class BaselineServer
{
    private static readonly byte[] Answer =
        """{"model_name":"churn","model_version":"1","id":"","parameters":{"variant":"champion","request_id":"0199a5c2-f3de-7e0d-9a7b-1c2d3e4f5a6b"},"outputs":[{"name":"label","datatype":"BYTES","shape":[1],"data":["No"]},{"name":"probabilities","datatype":"FP32","shape":[1,2],"data":[0.41562,0.58438]}]}"""u8.ToArray();

    public static async Task<int> RunAsync(int http, int grpc)
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
        app.MapPost("/v2/models/{model}/infer", (RequestDelegate)InferAsync);
        app.MapGet("/health", () => "ok");
        app.MapGrpcService<BaselineGrpc>();
        await app.RunAsync();
        return 0;
    }

    private static async Task InferAsync(HttpContext context)
    {
        ReadResult read;
        while (!(read = await context.Request.BodyReader.ReadAsync(context.RequestAborted)).IsCompleted)
        {
            context.Request.BodyReader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }

        Parse(read.Buffer);
        context.Request.BodyReader.AdvanceTo(read.Buffer.End);
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = Answer.Length;
        await context.Response.BodyWriter.WriteAsync(Answer, context.RequestAborted);
    }

    private static void Parse(ReadOnlySequence<byte> body)
    {
        var reader = new Utf8JsonReader(body);
        double sum = 0;
        while (reader.Read())
        {
            if (reader.TokenType == JsonTokenType.Number)
            {
                sum += reader.GetDouble();
            }
        }

        if (double.IsNaN(sum))
        {
            throw new JsonException("A number is not a number.");
        }
    }
}
