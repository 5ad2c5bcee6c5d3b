using Google.Protobuf;
using MlSystem.Contracts;
using MlSystem.Features.V1;
using MlSystem.Inference.Routing;
using MlSystem.ServiceDefaults.Startup;

namespace MlSystem.Inference.Features;

/// <summary>
/// Looks one made-up entity up in each feature service that is served before the server is ready: the first look-up of a process takes
/// most of a second (connection, code that is compiled). A feature store that is away holds nothing up.
/// </summary>
internal sealed partial class FirstLookup(ServingState state, FeatureClient client, TimeProvider time, ILogger<FirstLookup> logger) : IStartupTask
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    public string Name => "first feature look-up";

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var timer = new CancellationTokenSource(Patience, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, cancellationToken);
        var services = state.Table.Endpoints.Values.SelectMany(route => route.Live).Select(live => live.Version.Lineage)
            .OfType<ModelLineage>().Where(lineage => lineage.FeatureService is not null).DistinctBy(lineage => (lineage.FeatureService, lineage.FeatureServiceVersion));
        foreach (var lineage in services)
        {
            try
            {
                var request = new GetOnlineFeaturesRequest { FeatureService = lineage.FeatureService, Version = lineage.FeatureServiceVersion ?? 0 };
                request.JoinKeys.AddRange(lineage.JoinKeys.Select(AnyKey));
                request.RequestColumns.AddRange(lineage.RequestColumns.Where(column => column.Shape is not [-1, -1]).Select(column => new RequestColumn { Values = AnyKey(column), Nulls = { true } }));
                await client.GetAsync(request, both.Token);
            }
            catch (Exception error) when (!cancellationToken.IsCancellationRequested)
            {
                LogNotReached(lineage.FeatureService!, error.Message);
            }
        }
    }

    private static Column AnyKey(TensorSpec key) => key.Datatype switch
    {
        "BYTES" => new Column { Name = key.Name, Bytes = new BytesValues { Values = { ByteString.Empty } } },
        "BOOL" => new Column { Name = key.Name, Bools = new BoolValues { Values = { false } } },
        "FP16" or "FP32" or "FP64" => new Column { Name = key.Name, Fp64S = new DoubleValues { Values = { 0 } } },
        _ => new Column { Name = key.Name, Int64S = new Int64Values { Values = { 0 } } },
    };

    [LoggerMessage(Level = LogLevel.Information, Message = "Feature service {Service} could not be warmed up: {Reason}")]
    private partial void LogNotReached(string service, string reason);
}
