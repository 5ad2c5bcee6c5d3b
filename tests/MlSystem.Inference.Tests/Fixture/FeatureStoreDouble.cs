using System.Globalization;
using System.Net;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using MlSystem.Features.V1;
using MlSystem.Testing;

namespace MlSystem.Inference.Tests.Fixture;

/// <summary>
/// The feature store's gRPC surface over a real port, which can be taken away and brought back: <c>age</c> of view <c>profile</c>
/// is 31.5, <c>income</c> of view <c>money</c> 7, <c>plan</c> of view <c>profile</c> "x", for every entity.
/// </summary>
public sealed class FeatureStoreDouble : IAsyncDisposable
{
    private readonly int _port = FreePort.Next();
    private WebApplication? _app;
    private int _calls;

    public string Url => string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{_port}");

    /// <summary>Look-ups that reached the store.</summary>
    public int Calls => Volatile.Read(ref _calls);

    /// <summary>The <c>traceparent</c> of the last look-up; null where it had none.</summary>
    public string? TraceParent { get; private set; }

    public FeatureStatus AgeStatus { get; set; } = FeatureStatus.Present;

    public FeatureStatus IncomeStatus { get; set; } = FeatureStatus.Present;

    /// <summary>Whether calls get no answer.</summary>
    public bool Hangs { get; set; }

    public async Task StartAsync()
    {
        var builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders();
        builder.Services.Configure<KestrelServerOptions>(kestrel => kestrel.Listen(IPAddress.Loopback, _port, listen => listen.Protocols = HttpProtocols.Http2));
        builder.Services.AddGrpc();
        builder.Services.AddSingleton(this);
        _app = builder.Build();
        _app.MapGrpcService<Service>();
        await _app.StartAsync();
    }

    public async Task StopAsync()
    {
        if (_app is not null)
        {
            using var now = new CancellationTokenSource(TimeSpan.Zero);
            await _app.StopAsync(now.Token);
            await _app.DisposeAsync();
            _app = null;
        }
    }

    public async ValueTask DisposeAsync() => await StopAsync();

    private sealed class Service(FeatureStoreDouble store) : FeatureStore.FeatureStoreBase
    {
        public override async Task<GetOnlineFeaturesResponse> GetOnlineFeatures(GetOnlineFeaturesRequest request, ServerCallContext context)
        {
            Interlocked.Increment(ref store._calls);
            store.TraceParent = context.RequestHeaders.GetValue("traceparent");
            if (store.Hangs)
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.CancellationToken);
            }

            if (request.JoinKeys.Count == 0)
            {
                throw new RpcException(new Status(StatusCode.InvalidArgument, "join keys are missing"));
            }

            var rows = request.JoinKeys[0].Bytes.Values.Count;
            var answer = new GetOnlineFeaturesResponse { FeatureService = request.FeatureService, Version = request.Version };
            answer.Columns.AddRange(request.Features.Select(name => Column(name, rows)));
            return answer;
        }

        private FeatureColumn Column(string name, int rows)
        {
            var (view, values, status) = name switch
            {
                "age" => ("profile", new Column { Fp64S = new DoubleValues { Values = { Enumerable.Repeat(31.5, rows) } } }, store.AgeStatus),
                "income" => ("money", new Column { Fp64S = new DoubleValues { Values = { Enumerable.Repeat(7.0, rows) } } }, store.IncomeStatus),
                _ => ("profile", new Column { Bytes = new BytesValues { Values = { Enumerable.Repeat(Google.Protobuf.ByteString.CopyFromUtf8("x"), rows) } } }, FeatureStatus.Present),
            };
            return new FeatureColumn
            {
                Name = name,
                FeatureView = view,
                Values = values,
                Statuses = { Enumerable.Repeat(status, rows) },
                EventTimestampsMs = { Enumerable.Repeat(1_000_000_000_000, rows) },
            };
        }
    }
}
