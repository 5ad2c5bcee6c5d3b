using MlSystem.Inference.Protocols.Rest;

namespace MlSystem.Inference.Protocols.Grpc;

/// <summary>The statistics extension's messages.</summary>
internal static class GrpcStatistics
{
    public static ModelStatistics Of(OipModelStatistics model) => new()
    {
        Name = model.Name,
        Version = model.Version,
        LastInference = (ulong)model.LastInference,
        InferenceCount = (ulong)model.InferenceCount,
        ExecutionCount = (ulong)model.ExecutionCount,
        InferenceStats = new InferStatistics
        {
            Success = Of(model.InferenceStats.Success),
            Fail = Of(model.InferenceStats.Fail),
            Queue = Of(model.InferenceStats.Queue),
            ComputeInput = Of(model.InferenceStats.ComputeInput),
            ComputeInfer = Of(model.InferenceStats.ComputeInfer),
            ComputeOutput = Of(model.InferenceStats.ComputeOutput),
            CacheHit = Of(model.InferenceStats.CacheHit),
            CacheMiss = Of(model.InferenceStats.CacheMiss),
        },
        BatchStats =
        {
            model.BatchStats.Select(size => new InferBatchStatistics
            {
                BatchSize = (ulong)size.BatchSize, ComputeInput = Of(size.ComputeInput), ComputeInfer = Of(size.ComputeInfer), ComputeOutput = Of(size.ComputeOutput),
            }),
        },
    };

    private static StatisticDuration Of(OipDuration duration) => new() { Count = (ulong)duration.Count, Ns = (ulong)duration.Ns };
}
