using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace MlSystem.LoadTest.Servers;

/// <summary>
/// The least a .NET server can do with the same bodies. <c>/parse/{model}</c> parses them whole and gives a constant answer;
/// <c>/bare/{model}</c> also calls ONNX Runtime with what it parsed. gRPC parses the message and gives a constant answer.
/// </summary>
internal static class BaselineServer
{
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
        foreach (var model in LoadedModel.All)
        {
            var bare = new BareModel(model);
            app.MapPost($"/parse/{model.Name}", (RequestDelegate)(context => ParseAsync(context, bare.Answer)));
            app.MapPost($"/bare/{model.Name}", (RequestDelegate)(context => PredictAsync(context, bare)));
        }

        app.MapGet("/health", () => "ok");
        app.MapGrpcService<BaselineGrpc>();
        await app.RunAsync();
        return 0;
    }

    private static async Task ParseAsync(HttpContext context, byte[] answer)
    {
        var body = await ReadAsync(context);
        Parse(body);
        await AnswerAsync(context, body, answer);
    }

    private static async Task PredictAsync(HttpContext context, BareModel model)
    {
        var body = await ReadAsync(context);
        Predict(body, model);
        await AnswerAsync(context, body, model.Answer);
    }

    private static async ValueTask<ReadOnlySequence<byte>> ReadAsync(HttpContext context)
    {
        ReadResult read;
        while (!(read = await context.Request.BodyReader.ReadAsync(context.RequestAborted)).IsCompleted)
        {
            context.Request.BodyReader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }

        return read.Buffer;
    }

    private static async Task AnswerAsync(HttpContext context, ReadOnlySequence<byte> body, byte[] answer)
    {
        context.Request.BodyReader.AdvanceTo(body.End);
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = answer.Length;
        await context.Response.BodyWriter.WriteAsync(answer, context.RequestAborted);
    }

    private static void Predict(ReadOnlySequence<byte> body, BareModel model)
    {
        var reader = new Utf8JsonReader(body);
        model.Run(ref reader);
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
