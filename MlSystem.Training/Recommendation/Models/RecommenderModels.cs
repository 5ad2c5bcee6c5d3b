using MlSystem.Training.Recommendation.Data;

namespace MlSystem.Training.Recommendation.Models;

/// <summary>Ranks items for whoever has a history: the serving form. No user is baked into it; an empty history gives scores for a new user.</summary>
public interface IRankingModel
{
    int ItemCount { get; }

    /// <summary>Scores every item; greater is better.</summary>
    /// <param name="history">Items that the user has, without repetition, and their values as in training data.</param>
    /// <param name="scores">One for each item; overwritten.</param>
    void Score(SparseRow history, Span<float> scores);
}

/// <summary>Ranks items for the users of the training data.</summary>
public interface IUserRankingModel
{
    int ItemCount { get; }

    void ScoreUser(int user, Span<float> scores);
}

/// <summary>Predicts ratings.</summary>
public interface IRatingModel
{
    /// <summary>The rating of an item by a user of the training data.</summary>
    /// <param name="user">Position; -1 of a user whom training hasn't seen.</param>
    /// <param name="item">Position; -1 of an item that training hasn't seen.</param>
    float Predict(int user, int item);

    /// <summary>The serving form: ratings of all items by whoever gave the ratings of a history (may be empty).</summary>
    void Predict(SparseRow history, Span<float> ratings);
}
