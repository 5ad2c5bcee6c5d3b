using System.Globalization;
using System.Text;
using Google.Protobuf;
using Microsoft.AspNetCore.Builder;
using MlSystem.Benchmarks.InProcess;
using MlSystem.Inference;
using MlSystem.Inference.Protocols;
using MlSystem.Inference.Protocols.Grpc;
using MlSystem.LoadTest;
using MlSystem.LoadTest.Servers;
using MlSystem.ServiceDefaults;
using MlSystem.ServiceDefaults.Hosting;
using MlSystem.Testing;

namespace MlSystem.Benchmarks.Allocations;

/// <summary>
/// Bytes that the garbage collector hands out for a request: the whole server in this process, prediction log on, called over its sockets by
/// callers that allocate nothing; next to it servers that do nothing with the same bodies. <c>allocations [--rounds N] [--report file]</c>.
/// </summary>
public static class AllocationComparison
{
    private const int Calls = 4096;

    public static async Task<int> RunAsync(string[] arguments)
    {
        var rounds = Array.IndexOf(arguments, "--rounds") is >= 0 and var found ? int.Parse(arguments[found + 1], CultureInfo.InvariantCulture) : 7;
        var ports = FreePort.Next(5);
        using var folder = new TempFolder();
        await using var registry = await RegistryStub.StartAsync(ports[0]);
        await using var inference = await StartAsync(ports, folder.Path);
        await using var empty = await EmptyServer.StartAsync(ports[3], ports[4]);
        var results = Measure(ports, rounds);
        await inference.StopAsync();
        await empty.StopAsync();
        var report = Report(results, rounds);
        Console.Write(report);
        if (Array.IndexOf(arguments, "--report") is >= 0 and var at)
        {
            await File.WriteAllTextAsync(arguments[at + 1], report);
        }

        return 0;
    }

    /// <summary>As the service's own program does.</summary>
    private static async Task<WebApplication> StartAsync(int[] ports, string folder)
    {
        var builder = WebApplication.CreateBuilder(
        [
            string.Create(CultureInfo.InvariantCulture, $"--urls=http://127.0.0.1:{ports[1]}"), string.Create(CultureInfo.InvariantCulture, $"--GRPC_PORT={ports[2]}"),
            string.Create(CultureInfo.InvariantCulture, $"--services:registry:http:0=http://127.0.0.1:{ports[0]}"), $"--MlSystem:DataDirectory={folder}", "--Logging:LogLevel:Default=Warning",
        ]);
        builder.AddServiceDefaults("inference", replicas: true);
        builder.AddInference();
        builder.AddProtocols();
        builder.ScheduleInline();
        var app = builder.Build();
        app.UseServiceDefaults();
        app.MapProtocols();
        await app.StartAsync();
        return app;
    }

    private static Rounds Measure(int[] ports, int rounds)
    {
        var (lr, mlp) = (LoadedModel.Of("lr"), LoadedModel.Of("mlp"));
        var (json, binary) = (Json(lr), lr.Row[0].Raw());
        byte[] body = [.. json, .. binary];
        using var emptyHttp = new HttpCaller(ports[3], "lr", body, json.Length);
        using var emptyGrpc = new GrpcCaller(ports[4], Message(lr), 1);
        using var text = new HttpCaller(ports[1], "lr", lr.Json());
        using var raw = new HttpCaller(ports[1], "lr", body, json.Length);
        using var grpc = new GrpcCaller(ports[2], Message(lr), 1);
        using var together = new GrpcCaller(ports[2], Message(mlp), 16);
        var results = new Rounds();

        // The first three rounds warm up: compilation in tiers, pools.
        for (var round = -3; round < rounds; round++)
        {
            var into = round < 0 ? new Rounds() : results;
            into.Add("empty http", Bytes(emptyHttp.Call, 1));
            into.Add("empty grpc", Bytes(emptyGrpc.Call, 1));
            into.Add("json", Bytes(text.Call, 1));
            into.Add("binary", Bytes(raw.Call, 1));
            into.Add("grpc", Bytes(grpc.Call, 1));
            into.Add("together", Bytes(together.Call, 16));
        }

        return results;
    }

    /// <summary>Bytes a request, of whatever the process allocates meanwhile.</summary>
    private static double Bytes(Action call, int requests)
    {
        call();
        var before = GC.GetTotalAllocatedBytes(precise: true);
        for (var i = 0; i < Calls / requests; i++)
        {
            call();
        }

        return (GC.GetTotalAllocatedBytes(precise: true) - before) / (double)Calls;
    }

    private static byte[] Json(LoadedModel model)
    {
        var input = model.Row[0];
        return Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $$$"""
            {"inputs":[{"name":"{{{input.Name}}}","shape":[{{{string.Join(',', input.Shape)}}}],"datatype":"{{{input.Datatype}}}","parameters":{"binary_data_size":{{{input.Raw().Length}}}}}],"parameters":{"binary_data_output":true}}
            """));
    }

    private static byte[] Message(LoadedModel model)
    {
        var request = new ModelInferRequest { ModelName = model.Name };
        foreach (var input in model.Row)
        {
            request.Inputs.Add(new ModelInferRequest.Types.InferInputTensor { Name = input.Name, Datatype = input.Datatype, Shape = { input.Shape } });
            request.RawInputContents.Add(ByteString.CopyFrom(input.Raw()));
        }

        return request.ToByteArray();
    }

    private static string Report(Rounds r, int rounds) => string.Create(
        CultureInfo.InvariantCulture,
        $"""
        # Allocations a request

        The whole inference server in one process, as it is delivered, its prediction log on; one row of 20 floats (`lr`), one call at a time; of 128 floats (`mlp`), 16 at once, which share runs. Bytes that .NET allocates in the process for a request, whatever for; the callers allocate nothing. Medians of {rounds} interleaved rounds of {Calls} requests after three of warming up. .NET {Environment.Version}.

        | request | bytes | empty server | of the system itself |
        |---|---|---|---|
        | HTTP, JSON, `lr` | {r["json"]:0} | {r["empty http"]:0} | {r["json"] - r["empty http"]:0} |
        | HTTP, binary tensors, `lr` | {r["binary"]:0} | {r["empty http"]:0} | {r["binary"] - r["empty http"]:0} |
        | gRPC, raw tensors, `lr` | {r["grpc"]:0} | {r["empty grpc"]:0} | {r["grpc"] - r["empty grpc"]:0} |
        | gRPC, raw tensors, `mlp`, 16 at once | {r["together"]:0} | – | – |

        The empty HTTP server reads the body and writes 128 bytes; the empty gRPC server is Grpc.AspNetCore with a constant answer, which reads the message into objects.

        """);
}
