using Grpc.Core;
using Microsoft.Extensions.Options;
using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Feast;
using MlSystem.Features.V1;

namespace MlSystem.FeatureStore.Online;

/// <summary>Online reads over gRPC; the same core as <see cref="OnlineEndpoints"/>.</summary>
public sealed class OnlineGrpcService(OnlineReader reader, CatalogStore catalog, FeatureStoreMetrics metrics, IOptions<FeatureStoreOptions> options)
    : Features.V1.FeatureStore.FeatureStoreBase
{
    public override async Task<GetOnlineFeaturesResponse> GetOnlineFeatures(GetOnlineFeaturesRequest request, ServerCallContext context)
    {
        try
        {
            var (plan, service) = request.FeatureService.Length == 0
                ? (await PlanAsync(known => OnlinePlan.OfReferences(known, request.Features, request.FullFeatureNames), context.CancellationToken), null)
                : await OfServiceAsync(request, context.CancellationToken);
            var query = GrpcJoinKeys.Query(request, plan, options.Value.MaxOnlineEntities);
            var result = await reader.ReadAsync(query, context.CancellationToken);
            metrics.OnlineReads.Add(query.Rows);
            return Answer(service, result);
        }
        catch (FeastException refusal)
        {
            throw new RpcException(new Status(Code(refusal, request), refusal.Message));
        }
        catch (OnlineStoreException error)
        {
            throw new RpcException(new Status(StatusCode.Unavailable, error.Message));
        }
    }

    private async ValueTask<(OnlinePlan Plan, FeatureService? Service)> OfServiceAsync(GetOnlineFeaturesRequest request, CancellationToken cancellationToken)
    {
        var known = catalog.Current;
        var version = request.Version == 0 ? (int?)null : request.Version;
        if (known.Service(request.FeatureService, version) is not { } service)
        {
            known = await catalog.RefreshAsync(cancellationToken);
            service = known.Service(request.FeatureService, version)
                ?? throw FeastException.NotFound($"There is no feature service '{request.FeatureService}'{(version is null ? "" : $" version {version}")}.");
        }

        return (OnlinePlan.OfService(known, service.Name, service.Version, request.Features, request.FullFeatureNames), service);
    }

    /// <summary>What is unknown here may have been applied by another replica a moment ago.</summary>
    private async ValueTask<OnlinePlan> PlanAsync(Func<Catalog, OnlinePlan> plan, CancellationToken cancellationToken)
    {
        try
        {
            return plan(catalog.Current);
        }
        catch (FeastException refusal) when (refusal.Status == StatusCodes.Status404NotFound)
        {
            return plan(await catalog.RefreshAsync(cancellationToken));
        }
    }

    private static StatusCode Code(FeastException refusal, GetOnlineFeaturesRequest request) => refusal.Status switch
    {
        StatusCodes.Status413PayloadTooLarge => StatusCode.ResourceExhausted,
        StatusCodes.Status404NotFound when request.Features.Count == 0 => StatusCode.NotFound,
        StatusCodes.Status404NotFound => refusal.Message.StartsWith("There is no feature service", StringComparison.Ordinal) ? StatusCode.NotFound : StatusCode.InvalidArgument,
        _ => StatusCode.InvalidArgument,
    };

    private static GetOnlineFeaturesResponse Answer(FeatureService? service, OnlineResult result)
    {
        var response = new GetOnlineFeaturesResponse { FeatureService = service?.Name ?? "", Version = service?.Version ?? 0 };
        foreach (var column in result.Query.Columns)
        {
            response.Columns.Add(Column(result, column));
        }

        return response;
    }

    private static FeatureColumn Column(OnlineResult result, OnlineColumn column)
    {
        var datatype = result.DatatypeOf(column);
        var answer = new FeatureColumn
        {
            Name = column.Name,
            FeatureView = column.IsComputed ? result.Query.Computations[column.Computation].View.Name : result.Query.Views[column.ViewOrdinal].Name,
            Datatype = datatype.Name(),
            Values = GrpcValues.Empty(column.Name, datatype, result.Query.Rows),
        };
        answer.Statuses.Capacity = answer.EventTimestampsMs.Capacity = result.Query.Rows;
        if (column.IsComputed)
        {
            Fill(answer, datatype, result, column);
            return answer;
        }

        var (givesExpired, expired) = (result.GivesExpired(column), result.ExpiredValue(column));
        for (var i = 0; i < result.Query.Rows; i++)
        {
            var status = result.Cell(column, i, out var row, out var feature, out var eventUs);
            answer.Statuses.Add((FeatureStatus)status);
            answer.EventTimestampsMs.Add(status == OnlineStatus.NotFound ? 0 : eventUs / 1000);
            if (!givesExpired)
            {
                answer.Nulls.Add(status != OnlineStatus.Present && (status != OnlineStatus.OutsideMaxAge || !expired.HasValue));
            }

            if (status == OnlineStatus.OutsideMaxAge && !givesExpired)
            {
                GrpcValues.Add(answer.Values, datatype, expired);
            }
            else
            {
                GrpcValues.Add(answer.Values, datatype, status is OnlineStatus.Present or OnlineStatus.OutsideMaxAge, row, feature);
            }
        }

        return answer;
    }

    private static void Fill(FeatureColumn answer, Datatype datatype, OnlineResult result, OnlineColumn column)
    {
        var values = result.Computed(column);
        for (var i = 0; i < values.Length; i++)
        {
            answer.Statuses.Add((FeatureStatus)(values[i].HasValue ? OnlineStatus.Present : OnlineStatus.NullValue));
            answer.EventTimestampsMs.Add(result.ComputedEventUs(column, i) / 1000);
            GrpcValues.Add(answer.Values, datatype, values[i]);
        }
    }
}
