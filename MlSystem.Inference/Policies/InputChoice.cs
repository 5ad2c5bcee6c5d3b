using MlSystem.Inference.Prediction;
using MlSystem.Inference.Routing;
using MlSystem.Inference.Runtimes;

namespace MlSystem.Inference.Policies;

/// <summary>Chooses the variant of a request whose input decides, once the inputs are read, and moves the request there.</summary>
public sealed class InputChoice(ServingState state, RandomSource random)
{
    /// <exception cref="InferenceException">The chosen variant does not take what was read.</exception>
    public void Settle(InferenceCall call)
    {
        var (route, choice) = Choose(call);
        var read = call.Tensors;
        var former = call.Variant;
        call.AwaitsInputs = false;
        if (choice.Variant == former && read.IsPooled)
        {
            former.Version.Release();
        }
        else
        {
            try
            {
                Move(call, route, choice.Variant, read);
            }
            finally
            {
                Return(former, read);
            }
        }

        route.Count(choice.Variant, choice.Reason);
    }

    /// <summary>The choice with a lease on its version, from the route in force where the request's own is gone by now.</summary>
    private (EndpointRoute Route, Choice Choice) Choose(InferenceCall call)
    {
        var route = call.Route;
        while (true)
        {
            var choice = route.Live.Count == 1 ? new Choice(route.Live[0], ChoiceReason.Only) : route.Policy.ChooseByInputs(route, call.Tensors, random);
            if (choice.Variant.Version.TryAcquire())
            {
                return (route, choice);
            }

            route = state.Table.Endpoints.GetValueOrDefault(route.Name) is { Live.Count: > 0 } next
                ? next
                : throw InferenceException.Unavailable($"endpoint '{route.Name}' was taken out of service meanwhile");
        }
    }

    /// <summary>From the first line on the call is the chosen variant's, also when copying fails.</summary>
    private static void Move(InferenceCall call, EndpointRoute route, RoutedVariant variant, TensorSet read)
    {
        call.Variant.Statistics.Abandon();
        variant.Statistics.Begin();
        call.Route = route;
        call.Variant = variant;
        call.Tensors = variant.Version.Runtime.Rent();
        call.RequestId = RequestIds.WithTag(call.RequestId, variant.Tag);
        InputMove.Copy(read, call.Tensors);
        call.Requested = InputMove.Requested(call.Requested, read, call.Tensors, variant.Name);
    }

    private static void Return(RoutedVariant former, TensorSet read)
    {
        if (read.IsPooled)
        {
            former.Version.Runtime.Return(read);
        }
        else
        {
            read.Dispose();
        }

        former.Version.Release();
    }
}
