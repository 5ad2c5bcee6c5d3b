using System.Globalization;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.Extensions.Options;
using MlSystem.Gateway.Routing;
using MlSystem.ServiceDefaults.Errors;

namespace MlSystem.Gateway.RateLimiting;

/// <summary>A token bucket for each principal; nothing is queued, so that a refusal is early and cheap.</summary>
internal static class RateLimitExtensions
{
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(100);

    public static IServiceCollection AddPrincipalRateLimit(this IServiceCollection services)
    {
        services.AddRateLimiter(limiter => limiter.OnRejected = RefuseAsync);
        services.AddOptions<RateLimiterOptions>().Configure<IOptions<GatewayOptions>>((limiter, options) =>
        {
            var bucket = Bucket(options.Value);
            limiter.GlobalLimiter = PartitionedRateLimiter.Create<HttpContext, string>(context =>
                context.GetEndpoint()?.Metadata.GetMetadata<IAllowAnonymous>() is not null
                    ? RateLimitPartition.GetNoLimiter("")
                    : RateLimitPartition.GetTokenBucketLimiter(context.User.Identity?.Name ?? "", _ => bucket));
        });
        return services;
    }

    /// <summary>Tokens come ten times a second; below ten a second one by one.</summary>
    internal static TokenBucketRateLimiterOptions Bucket(GatewayOptions options) => new()
    {
        TokenLimit = options.Burst,
        TokensPerPeriod = Math.Max(1, options.RequestsPerSecond / 10),
        ReplenishmentPeriod = options.RequestsPerSecond >= 10 ? Tick : TimeSpan.FromSeconds(1.0 / options.RequestsPerSecond),
        QueueLimit = 0,
        AutoReplenishment = true,
    };

    private static ValueTask RefuseAsync(OnRejectedContext rejected, CancellationToken cancellationToken)
    {
        var wait = rejected.Lease.TryGetMetadata(MetadataName.RetryAfter, out var time) ? time : Tick;
        var options = rejected.HttpContext.RequestServices.GetRequiredService<IOptions<GatewayOptions>>().Value;
        return new ValueTask(rejected.HttpContext.WriteErrorAsync(new ErrorAnswer(
            StatusCodes.Status429TooManyRequests,
            "Too Many Requests",
            string.Create(CultureInfo.InvariantCulture, $"'{rejected.HttpContext.User.Identity?.Name}' is over {options.RequestsPerSecond} requests a second."))
        {
            RetryAfterSeconds = Math.Max(1, (int)Math.Ceiling(wait.TotalSeconds)),
        }));
    }
}
